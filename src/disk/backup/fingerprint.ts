import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { diskLimits } from '../../system/limits/limits.ts';
import { seekData } from '../../system/native/native.ts';
import { readFully } from '../names/image-file.ts';

const blockBytes = 64 * 1024;
const zeros = Buffer.alloc(blockBytes);

/**
 * SHA-256 of an image's content, in hexadecimal. It covers the size and each block of 64 KiB that is not all zeros, after
 * its number (both 64 bits, big endian). So holes and zeros are equal, and holes cost no time.
 */
export async function imageFingerprint(
  handle: FileHandle,
  size: number,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256').update(number(size));
  const buffer = Buffer.allocUnsafe(Math.max(diskLimits.windowBytes, blockBytes));
  for (let at = nextData(handle, 0); at < size; at = nextData(handle, at)) {
    signal?.throwIfAborted();
    const count = await readFully(handle, buffer.subarray(0, Math.min(buffer.length, size - at)), at);
    if (count === 0) break;
    for (let offset = 0; offset < count; offset += blockBytes) {
      const block = buffer.subarray(offset, Math.min(offset + blockBytes, count));
      if (block.equals(zeros.subarray(0, block.length))) continue;
      hash.update(number((at + offset) / blockBytes)).update(block);
    }
    at += Math.ceil(count / blockBytes) * blockBytes;
  }
  return hash.digest('hex');
}

/** The block with the next data; Infinity if the rest is a hole. */
function nextData({ fd }: FileHandle, from: number): number {
  const data = seekData(fd, from);
  return data === null ? Number.POSITIVE_INFINITY : Math.floor(data / blockBytes) * blockBytes;
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
