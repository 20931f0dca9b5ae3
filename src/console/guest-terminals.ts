import { type FileHandle, open, readFile } from 'node:fs/promises';
import { isSystemError } from '../system/errors.ts';
import { consoleLimits } from '../system/limits.ts';
import { isSameProcess, type ProcessIdentity } from '../system/process.ts';
import { type LineBuffer, lineBufferBytes, readLineBuffer } from './line-buffer.ts';
import { type AddressRange, joined, offsetOf, vmallocPieces } from './ram-map.ts';

/** An input buffer, or something that looks like one. */
export interface SeenBuffer extends LineBuffer {
  /** Where its begin is in the memory of the guest; known only of those that were searched for. */
  readonly place?: number | undefined;
}

/** Input buffers by their address in the kernel. */
export type LineBuffers = ReadonlyMap<number, SeenBuffer>;

type Look = (memory: FileHandle) => Promise<LineBuffers | undefined>;

const pageBytes = 4096;

/**
 * The input buffers of the terminals of a guest, read from the memory of its kernel (proc_pid_mem(5)). Nothing is kept
 * open, so that memory which the kernel gives back is free at once.
 *
 * The memory belongs to the guest: it may hold anything. All that a guest can do with it is to mislead its own monitor
 * about its own terminals. The reads happen in helper threads, one at a time, for whatever the memory is mapped from.
 */
export class GuestTerminals {
  readonly #kernel: ProcessIdentity;
  #last: Promise<unknown> = Promise.resolve();

  constructor(kernel: ProcessIdentity) {
    this.#kernel = kernel;
  }

  /**
   * Everything that may be an input buffer: those of all terminals, and some memory that looks like one. Undefined where
   * the memory may not be read, because this process may not trace the kernel (ptrace(2)), or has too much to search.
   */
  all(): Promise<LineBuffers | undefined> {
    return this.#inTurn(async (memory) => {
      const pieces = vmallocPieces(await readFile(`/proc/${this.#kernel.pid}/maps`, 'latin1'));
      const ranges = joined(pieces);
      const bytes = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
      if (bytes > consoleLimits.searchedBytes) return undefined;
      const found = new Map<number, LineBuffer>();
      for (const range of ranges) await search(memory, range, found);
      return new Map([...found].map(([at, buffer]) => [at, { ...buffer, place: offsetOf(pieces, at) }]));
    });
  }

  /** Those at these addresses that are still there; undefined as above. */
  some(addresses: Iterable<number>): Promise<LineBuffers | undefined> {
    return this.#inTurn(async (memory) => {
      const found = new Map<number, LineBuffer>();
      for (const at of addresses) {
        const bytes = await read(memory, at, lineBufferBytes);
        const buffer = bytes.length === lineBufferBytes ? readLineBuffer(bytes) : undefined;
        if (buffer) found.set(at, buffer);
      }
      return found;
    });
  }

  #inTurn(look: Look): Promise<LineBuffers | undefined> {
    const turn = this.#last.then(() => this.#look(look));
    this.#last = turn;
    return turn;
  }

  async #look(look: Look): Promise<LineBuffers | undefined> {
    let memory: FileHandle | undefined;
    try {
      memory = await open(`/proc/${this.#kernel.pid}/mem`, 'r');
      // The number may be another process's by now; what is open stays what it is.
      return isSameProcess(this.#kernel) ? await look(memory) : new Map();
    } catch (error) {
      // It has ended, or begins again, or shows nonsense: there are no buffers.
      const { code } = error as NodeJS.ErrnoException;
      return code === 'EACCES' || code === 'EPERM' ? undefined : new Map();
    } finally {
      await memory?.close();
    }
  }
}

async function search(memory: FileHandle, { from, to }: AddressRange, found: Map<number, LineBuffer>) {
  for (let at = from; at < to; at += consoleLimits.searchPieceBytes) {
    const wanted = Math.min(consoleLimits.searchPieceBytes + lineBufferBytes, to - at);
    const bytes = await read(memory, at, wanted);
    const last = Math.min(bytes.length - lineBufferBytes, consoleLimits.searchPieceBytes - pageBytes);
    for (let page = 0; page <= last; page += pageBytes) {
      const buffer = readLineBuffer(bytes.subarray(page, page + lineBufferBytes));
      if (buffer) found.set(at + page, buffer);
    }
  }
}

/** As much of it as is mapped; nothing of a kernel that has restarted since. */
async function read(memory: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  try {
    const { bytesRead } = await memory.read(buffer, 0, length, at);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    // EIO: nothing is mapped there any more.
    if (isSystemError(error) && error.code === 'EIO') return buffer.subarray(0, 0);
    throw error;
  }
}
