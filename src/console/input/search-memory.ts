/** Pure. */
import { isSystemError } from '../../system/errors/errors.ts';
import { consoleLimits } from '../../system/limits/limits.ts';
import { type LineBuffer, lineBufferBytes, readLineBuffer } from './line-buffer.ts';
import { type AddressRange, joined, type MemoryPiece, offsetsIn } from './ram-map.ts';

/** An input buffer, or something that looks like one. */
export interface SeenBuffer extends LineBuffer {
  /** Offset of its start in the memory of the guest; known only for those that were searched for. */
  readonly place?: number | undefined;
}

/** Input buffers by their address in the kernel. */
export type LineBuffers = ReadonlyMap<number, SeenBuffer>;

/** The memory of a kernel, as a FileHandle of /proc/PID/mem reads it. */
export interface KernelMemory {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

const pageBytes = 4096;

/**
 * Everything in these pieces that may be an input buffer and has received something. Empty memory looks like a buffer that
 * has received no byte, so those are left out. Undefined if the memory is too large to search, or has too many matches.
 *
 * @param pieces in ascending order
 */
export async function searchBuffers(
  memory: KernelMemory,
  pieces: readonly MemoryPiece[],
): Promise<LineBuffers | undefined> {
  const ranges = joined(pieces);
  const total = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  if (total > consoleLimits.searchedBytes) return undefined;
  const found = new Map<number, SeenBuffer>();
  const offsetOf = offsetsIn(pieces);
  const space = Buffer.allocUnsafe(consoleLimits.searchPieceBytes + lineBufferBytes);
  for (const range of ranges)
    for await (const [at, buffer] of buffersIn(memory, range, space)) {
      if (found.size >= consoleLimits.bufferCandidates) return undefined;
      found.set(at, { ...buffer, place: offsetOf(at) });
    }
  return found;
}

/** The buffers at these addresses that are still there. */
export async function readBuffers(memory: KernelMemory, addresses: Iterable<number>): Promise<LineBuffers> {
  const found = new Map<number, LineBuffer>();
  const space = Buffer.allocUnsafe(lineBufferBytes);
  for (const at of addresses) {
    const bytes = await read(memory, at, space);
    const buffer = bytes.length === lineBufferBytes ? readLineBuffer(bytes) : undefined;
    if (buffer) found.set(at, buffer);
  }
  return found;
}

async function* buffersIn(
  memory: KernelMemory,
  { from, to }: AddressRange,
  space: Buffer,
): AsyncGenerator<readonly [number, LineBuffer]> {
  for (let at = from; at + lineBufferBytes <= to; at += consoleLimits.searchPieceBytes) {
    const bytes = await read(memory, at, space.subarray(0, to - at));
    const last = Math.min(bytes.length - lineBufferBytes, consoleLimits.searchPieceBytes - pageBytes);
    for (let page = 0; page <= last; page += pageBytes) {
      const buffer = readLineBuffer(bytes.subarray(page, page + lineBufferBytes));
      if (buffer && buffer.head > 0) yield [at + page, buffer];
    }
  }
}

/** As much of it as is mapped; nothing of a kernel that has restarted since. */
async function read(memory: KernelMemory, at: number, space: Buffer): Promise<Buffer> {
  try {
    const { bytesRead } = await memory.read(space, 0, space.length, at);
    return space.subarray(0, bytesRead);
  } catch (error) {
    // EIO: nothing is mapped there any more.
    if (isSystemError(error) && error.code === 'EIO') return space.subarray(0, 0);
    throw error;
  }
}
