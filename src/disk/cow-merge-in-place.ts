import { unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskLimits } from '../system/limits.ts';
import { findClear, runsOf } from './cow-bitmap.ts';
import { writeEmptyCow } from './cow-create.ts';
import { readBitmap, readCow, readSectors, requireBacking } from './cow-file.ts';
import { type Cow, encodeMtime, SECTOR } from './cow-format.ts';
import { MERGING_MTIME } from './cow-match.ts';
import {
  type ImageFile,
  type Progress,
  readFully,
  wholeSeconds,
  withImage,
  writeFully,
} from './image-file.ts';
import { syncDirectory, writeNewImage } from './new-image.ts';

export interface InPlaceRequest {
  /** Path of the COW file. */
  readonly path: string;
  /** Path of its backing file for us. */
  readonly backing: string;
  /** What becomes of the COW file: a new one over the changed backing file, or none. */
  readonly afterwards: 'empty' | 'remove';
}

/**
 * Writes the sectors of a COW file into its backing file, as `uml_moo -d` does. The caller holds the locks of both and
 * knows that no other COW file has this backing file: it would be spoiled.
 *
 * Killed or cancelled at any moment, nothing is lost: the COW file keeps all of its sectors until the backing file
 * has reached the disk, and to write the same sectors again does no harm. From before the first write until the end
 * the header of the COW file says that a merge goes on (MERGING_MTIME), since the time of the backing file tells
 * nothing then: no kernel opens the pair, and the merge can be done again, to its end.
 *
 * @throws UmlmonError IMAGE_MISSING, IMAGE_KIND, COW_FORMAT, COW_BACKING
 */
export async function mergeCowInPlace(request: InPlaceRequest, progress: Progress = {}): Promise<void> {
  const { path } = request;
  await withImage(path, 'write', (file) =>
    withImage(request.backing, 'write', async (backing) => {
      const cow = await readCow(file);
      requireBacking(file, cow, backing);
      progress.signal?.throwIfAborted();
      const mark = encodeMtime(cow, MERGING_MTIME);
      await writeFully(file.handle, mark.bytes, mark.offset);
      await file.handle.sync();
      await writeRuns(file, cow, backing, progress);
      await backing.handle.sync();
      if (request.afterwards === 'empty') {
        const { size, mtimeMs } = await backing.handle.stat();
        const header = { backing: cow.backing, size, mtime: wholeSeconds(mtimeMs) };
        await writeNewImage(path, file, 'replace', (handle) => writeEmptyCow(handle, header));
      }
    }),
  );
  if (request.afterwards === 'remove') {
    await unlink(path);
    await syncDirectory(dirname(path));
  }
}

async function writeRuns(
  file: ImageFile,
  cow: Cow,
  backing: ImageFile,
  { signal, onProgress }: Progress,
): Promise<void> {
  const window = diskLimits.windowBytes / SECTOR;
  const over = Buffer.allocUnsafe(diskLimits.windowBytes);
  const image = Buffer.allocUnsafe(diskLimits.windowBytes);
  for await (const { words, first, count } of readBitmap(file, cow))
    for (let start = 0; start < count; start += window) {
      signal?.throwIfAborted();
      const limit = Math.min(count, start + window);
      for (const { start: from, end } of runsOf(words, start, limit, diskLimits.mergeGapBytes / SECTOR)) {
        const sectors = over.subarray(0, (end - from) * SECTOR);
        await readSectors(file, cow, sectors, first + from);
        const offset = (first + from) * SECTOR;
        if (findClear(words, from, end) === end) {
          await writeFully(backing.handle, sectors, offset);
          continue;
        }
        const merged = image.subarray(0, sectors.length);
        merged.fill(0, await readFully(backing.handle, merged, offset));
        for (const run of runsOf(words, from, end)) {
          const at = (run.start - from) * SECTOR;
          sectors.copy(merged, at, at, (run.end - from) * SECTOR);
        }
        await writeFully(backing.handle, merged, offset);
      }
      onProgress?.(Math.min((first + limit) * SECTOR, cow.size), cow.size);
    }
}
