import type { FileHandle } from 'node:fs/promises';
import { diskLimits } from '../../system/limits/limits.ts';
import { writeFully } from '../names/image-file.ts';

const BLOCK = 4096;
const zeros = Buffer.alloc(BLOCK);

/** Writes what is not zero to a part of a file that is a hole; short gaps of zeros are written too. */
export async function writeSparse(
  target: FileHandle,
  bytes: Buffer,
  offset: number,
  gap: number = diskLimits.mergeGapBytes,
): Promise<void> {
  const isZero = (at: number) => {
    const block = bytes.subarray(at, at + BLOCK);
    return block.equals(block.length === BLOCK ? zeros : zeros.subarray(0, block.length));
  };
  let start = 0;
  let end = 0;
  for (let at = 0; at < bytes.length; at += BLOCK) {
    if (isZero(at)) continue;
    if (at - end >= gap) {
      await writeFully(target, bytes.subarray(start, end), offset + start);
      start = at;
    }
    if (end === 0) start = at;
    end = Math.min(at + BLOCK, bytes.length);
  }
  await writeFully(target, bytes.subarray(start, end), offset + start);
}
