import type { FileHandle } from 'node:fs/promises';
import { isSystemError } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { copyFileRange, seekData, seekHole } from '../../system/native/native.ts';
import { readFully, writeFully } from '../names/image-file.ts';

/** Two file systems, or one that does not know how. */
const cannotCopy = ['EXDEV', 'ENOTSUP', 'ENOSYS', 'EINVAL'];

export interface CopyPlace {
  readonly handle: FileHandle;
  readonly offset: number;
}

/**
 * Copies bytes into a hole of a file. Holes of the source stay holes, and blocks are shared where the file system can.
 * The source may end early: the rest is then a hole.
 */
export async function copyRange(
  from: CopyPlace,
  to: CopyPlace,
  length: number,
  signal?: AbortSignal,
): Promise<void> {
  const end = from.offset + length;
  for (let at = from.offset; at < end; ) {
    const data = seekData(from.handle.fd, at);
    if (data === null || data >= end) return;
    const hole = Math.min(seekHole(from.handle.fd, data) ?? end, end);
    for (at = data; at < hole; ) {
      signal?.throwIfAborted();
      const place = { handle: to.handle, offset: to.offset + at - from.offset };
      const copied = await copyPart(
        { handle: from.handle, offset: at },
        place,
        Math.min(diskLimits.copyBytes, hole - at),
      );
      if (copied === 0) return;
      at += copied;
    }
  }
}

async function copyPart(from: CopyPlace, to: CopyPlace, length: number): Promise<number> {
  try {
    const at = ({ handle, offset }: CopyPlace) => ({ fd: handle.fd, offset });
    return await copyFileRange(at(from), at(to), length);
  } catch (error) {
    if (!isSystemError(error) || !cannotCopy.includes(error.code ?? '')) throw error;
  }
  const buffer = Buffer.allocUnsafe(Math.min(length, diskLimits.windowBytes));
  const count = await readFully(from.handle, buffer, from.offset);
  await writeFully(to.handle, buffer.subarray(0, count), to.offset);
  return count;
}
