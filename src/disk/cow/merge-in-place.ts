import { diskLimits } from '../../system/limits/limits.ts';
import { takeTurns } from '../io/concurrency.ts';
import { type Buffers, makeBuffers } from '../io/window-buffers.ts';
import {
  type DiskProgress,
  type ImageFile,
  type ImageSource,
  readFully,
  wholeSeconds,
  withImage,
  writeFully,
} from '../names/image-file.ts';
import { writeNewImage } from '../names/new-image.ts';
import type { NewPlace } from '../names/new-place.ts';
import { type BitRun, findClear, runsOf } from './bitmap.ts';
import { writeEmptyCow } from './create.ts';
import { type BitmapPart, cowOf, readBitmap, readSectors, requireBacking } from './file.ts';
import { type Cow, encodeMtime, SECTOR } from './format.ts';
import { MERGING_MTIME } from './match.ts';

export interface InPlaceRequest {
  /** The COW file. */
  readonly path: ImageSource;
  /** Where it is: a new one, empty and over the changed backing file, takes its place. */
  readonly place: NewPlace;
  /** Its backing file for us. */
  readonly backing: ImageSource;
}

/**
 * Writes the sectors of a COW file into its backing file, as `uml_moo -d` does. The caller holds the locks of both and
 * knows that no other COW file has this backing file: it would be spoiled.
 *
 * Killed or cancelled at any moment, it loses no data. The COW file keeps all its sectors until the backing file has
 * reached the disk, and writing a sector twice does no harm. From before the first write until the end, the header of
 * the COW file marks the merge (MERGING_MTIME): the time of the backing file changes meanwhile. So no kernel
 * opens the pair, and the merge can be repeated.
 *
 * @throws UmlmonError IMAGE_MISSING, IMAGE_KIND, COW_FORMAT, COW_BACKING
 */
export async function mergeCowInPlace(request: InPlaceRequest, progress: DiskProgress = {}): Promise<void> {
  await withImage(request.path, 'write', (file) =>
    withImage(request.backing, 'write', async (backing) => {
      const cow = cowOf(file);
      requireBacking(file, cow, backing);
      progress.signal?.throwIfAborted();
      const mark = encodeMtime(cow, MERGING_MTIME);
      await writeFully(file.handle, mark.bytes, mark.offset);
      await file.handle.sync();
      await writeRuns(file, cow, backing, progress);
      await backing.handle.sync();
      const { size, mtimeMs } = await backing.handle.stat();
      const header = { backing: cow.backing, size, mtime: wholeSeconds(mtimeMs) };
      await writeNewImage(request.place, file, 'replace', (handle) => writeEmptyCow(handle, header));
    }),
  );
}

/** Writes all sectors of the COW file, those that are near to each other at once. */
async function writeRuns(
  file: ImageFile,
  cow: Cow,
  backing: ImageFile,
  { signal, onProgress }: DiskProgress,
): Promise<void> {
  let done = 0;
  for await (const part of readBitmap(file, cow))
    await takeTurns(windowsOf(part), diskLimits.windows, () => {
      const buffers = makeBuffers();
      return async ({ start, end }) => {
        signal?.throwIfAborted();
        for (const run of runsOf(part.words, start, end, diskLimits.mergeGapBytes / SECTOR))
          await writeRun(file, cow, backing, part, run, buffers);
        done += (end - start) * SECTOR;
        onProgress?.(Math.min(done, cow.size), cow.size);
      };
    });
}

function* windowsOf({ count }: BitmapPart): Generator<BitRun> {
  const window = diskLimits.windowBytes / SECTOR;
  for (let start = 0; start < count; start += window) yield { start, end: Math.min(count, start + window) };
}

/** Writes a run of sectors; what is not in the COW file in between is written as it is. */
async function writeRun(
  file: ImageFile,
  cow: Cow,
  backing: ImageFile,
  { words, first }: BitmapPart,
  { start, end }: BitRun,
  buffers: Buffers,
): Promise<void> {
  const length = (end - start) * SECTOR;
  const over = buffers.over.subarray(0, length);
  const offset = (first + start) * SECTOR;
  await readSectors(file, cow, over, first + start);
  if (findClear(words, start, end) === end) return writeFully(backing.handle, over, offset);
  const image = buffers.image.subarray(0, length);
  image.fill(0, await readFully(backing.handle, image, offset));
  for (const run of runsOf(words, start, end)) {
    const at = (run.start - start) * SECTOR;
    over.copy(image, at, at, (run.end - start) * SECTOR);
  }
  await writeFully(backing.handle, image, offset);
}
