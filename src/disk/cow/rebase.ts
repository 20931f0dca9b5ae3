import { UmlmonError } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import {
  type DiskProgress,
  type ImageFile,
  type ImageSource,
  readFully,
  withImage,
  writeFully,
} from '../names/image-file.ts';
import { findClear, runsOf, setBits } from './bitmap.ts';
import { cowOf, readBitmap, requireBacking, requireWholeBitmap } from './file.ts';
import { type Cow, encodeCowHeader, layOutCow, SECTOR } from './format.ts';
import { SEGMENT } from './hazard.ts';
import { isMerging } from './match.ts';

export interface RebaseRequest {
  /** The COW file. */
  readonly path: ImageSource;
  /** The new backing file for us. */
  readonly backing: ImageSource;
  /** Path of the new backing file for the kernel. */
  readonly storedBacking: string;
  /**
   * The present backing file: pages that differ between the two are copied from it into the COW file, so that the image
   * keeps its content. Omitted if the caller knows that the two have the same content.
   */
  readonly copyFrom?: ImageSource;
}

/**
 * Puts a COW file over another backing file of the same size, or over the same one after it was moved or touched. The
 * caller holds the locks of all files. Killed at any moment, the COW file is valid over the old backing file or over the
 * new one. Sectors are copied first, then their bits are set. The header, which names the backing file, comes last.
 *
 * @throws UmlmonError IMAGE_MISSING, IMAGE_KIND, COW_FORMAT, COW_BACKING
 */
export function rebaseCow(request: RebaseRequest, progress: DiskProgress = {}): Promise<void> {
  return withImage(request.path, 'write', (file) =>
    withImage(request.backing, 'read', async (next) => {
      const cow = cowOf(file);
      requireRebase(file, cow, next);
      const header = encodeCowHeader({ backing: request.storedBacking, size: cow.size, mtime: next.mtime });
      if (request.copyFrom !== undefined)
        await withImage(request.copyFrom, 'read', async (old) => {
          requireBacking(file, cow, old);
          await copyDifferences(file, cow, old, next, progress);
        });
      progress.signal?.throwIfAborted();
      await file.handle.sync();
      await writeFully(file.handle, header, 0);
      await file.handle.sync();
      progress.onProgress?.(cow.size, cow.size);
    }),
  );
}

function requireRebase(file: ImageFile, cow: Cow, next: ImageFile): void {
  const fail = (cause: string, hint: string): never => {
    throw new UmlmonError('COW_BACKING', { place: file.path, cause, hint });
  };
  requireWholeBitmap(file, cow);
  const hint = 'merge it into a new image';
  if (isMerging(cow))
    fail('a merge of the COW file was interrupted', 'finish it first with the same cow-merge command');
  const { bitmapOffset, dataOffset } = layOutCow(cow.size);
  if (cow.version !== 3 || cow.bitmapOffset !== bitmapOffset || cow.dataOffset !== dataOffset)
    fail(`the new header does not fit into this COW file of version ${cow.version}`, hint);
  if (next.size !== cow.size)
    fail(`${next.path} has ${next.size} bytes, but the COW image has ${cow.size}`, hint);
}

async function copyDifferences(
  file: ImageFile,
  cow: Cow,
  old: ImageFile,
  next: ImageFile,
  { signal, onProgress }: DiskProgress,
): Promise<void> {
  const window = diskLimits.windowBytes / SECTOR;
  const [before, after] = [Buffer.alloc(diskLimits.windowBytes), Buffer.alloc(diskLimits.windowBytes)];
  for await (const { words, first, count } of readBitmap(file, cow)) {
    const fresh = new Uint32Array(words.length);
    for (let start = 0; start < count; start += window) {
      signal?.throwIfAborted();
      const limit = Math.min(count, start + window);
      const offset = (first + start) * SECTOR;
      if (findClear(words, start, limit) < limit) {
        const [was, is] = [before, after].map((buffer) => buffer.subarray(0, (limit - start) * SECTOR));
        if (!was || !is) continue;
        was.fill(0, await readFully(old.handle, was, offset));
        is.fill(0, await readFully(next.handle, is, offset));
        if (!was.equals(is)) markDifferences(words, fresh, start, limit, was, is);
        for (const run of runsOf(fresh, start, limit)) {
          const data = was.subarray((run.start - start) * SECTOR, (run.end - start) * SECTOR);
          await writeFully(file.handle, data, cow.dataOffset + (first + run.start) * SECTOR);
        }
      }
      onProgress?.(Math.min((first + limit) * SECTOR, cow.size), cow.size);
    }
    if (!fresh.some((word) => word !== 0)) continue;
    await file.handle.sync();
    const merged = words.map((word, index) => word | (fresh[index] ?? 0));
    const bytes = Buffer.from(merged.buffer, 0, Math.ceil(count / 8));
    await writeFully(file.handle, bytes, cow.bitmapOffset + first / 8);
  }
}

/**
 * Sets the bits of sectors that are not in the COW file, in all pages that differ. The kernel reads wrong data where the
 * COW file has only part of a page (hazard.ts).
 */
function markDifferences(
  words: Uint32Array,
  fresh: Uint32Array,
  start: number,
  end: number,
  was: Buffer,
  is: Buffer,
): void {
  for (let page = start; page < end; page += SEGMENT / SECTOR) {
    const stop = Math.min(end, page + SEGMENT / SECTOR);
    const [from, to] = [(page - start) * SECTOR, (stop - start) * SECTOR];
    if (was.compare(is, from, to, from, to) === 0) continue;
    setBits(fresh, page, stop);
    const index = page >>> 5;
    fresh[index] = (fresh[index] ?? 0) & ~(words[index] ?? 0);
  }
}
