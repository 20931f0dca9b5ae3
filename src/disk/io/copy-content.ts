import type { FileHandle } from 'node:fs/promises';
import { diskLimits } from '../../system/limits/limits.ts';
import { type DiskProgress, type ImageFile, readFully } from '../names/image-file.ts';
import { takeTurns } from './concurrency.ts';
import { copyRange } from './copy-range.ts';
import { writeSparse } from './write-sparse.ts';

type Content = Pick<ImageFile, 'handle' | 'size'>;

/** A page: what a guest's file system writes at once, and the host's gives space for. */
const PAGE = 4096;

/** Copies an image into an empty file: shares its blocks if the file system can, else copies what is not a hole. */
export function copyContent(from: Content, into: FileHandle, progress: DiskProgress = {}): Promise<void> {
  return copyParts(from, into, diskLimits.copyBytes, progress, () => (offset, length) => {
    const target = { handle: into, offset };
    return copyRange({ handle: from.handle, offset }, target, length, progress.signal);
  });
}

/** Copies an image or device into an empty file, with holes for all pages of zeros. */
export function packContent(from: Content, into: FileHandle, progress: DiskProgress): Promise<void> {
  return copyParts(from, into, diskLimits.windowBytes, progress, () => {
    const buffer = Buffer.allocUnsafe(diskLimits.windowBytes);
    return async (offset, length) => {
      const count = await readFully(from.handle, buffer.subarray(0, length), offset);
      await writeSparse(into, buffer.subarray(0, count), offset, PAGE);
    };
  });
}

async function copyParts(
  { size }: Content,
  into: FileHandle,
  length: number,
  { signal, onProgress }: DiskProgress,
  make: () => (offset: number, length: number) => Promise<void>,
): Promise<void> {
  let done = 0;
  await takeTurns(partsOf(size, length), diskLimits.windows, () => {
    const copy = make();
    return async (part) => {
      signal?.throwIfAborted();
      await copy(part.offset, part.length);
      done += part.length;
      onProgress?.(done, size);
    };
  });
  await into.truncate(size);
}

function* partsOf(size: number, most: number): Generator<{ offset: number; length: number }> {
  for (let offset = 0; offset < size; offset += most) yield { offset, length: Math.min(most, size - offset) };
}
