import { countSet } from '../../../src/disk/cow/bitmap.ts';
import { cowOf, readBitmap } from '../../../src/disk/cow/file.ts';
import { type Cow, SECTOR } from '../../../src/disk/cow/format.ts';
import { backingChanges, isMerging } from '../../../src/disk/cow/match.ts';
import { type DiskProgress, type ImageSource, withImage } from '../../../src/disk/names/image-file.ts';

export interface CowInfo {
  /** The header, with `backing` as the kernel is to open it. */
  readonly cow: Cow;
  /** Sectors of 512 bytes that are in the COW file. */
  readonly usedSectors: number;
  /** Why the kernel will refuse the pair, as text; empty if it matches. */
  readonly changes: readonly string[];
  /** A merge into the backing file was interrupted: repeat it. */
  readonly merging: boolean;
}

/**
 * The header of a COW file, compared with its backing file.
 *
 * @param backing the backing file for us
 * @throws UmlmonError IMAGE_MISSING, IMAGE_KIND (of either file), COW_FORMAT
 */
export function readCowInfo(
  path: ImageSource,
  backing: ImageSource,
  { signal, onProgress }: DiskProgress = {},
): Promise<CowInfo> {
  return withImage(path, 'read', async (file) => {
    const cow = cowOf(file);
    const changes = await withImage(backing, 'read', async (image) => backingChanges(cow, image));
    let usedSectors = 0;
    for await (const { words, first, count } of readBitmap(file, cow)) {
      signal?.throwIfAborted();
      usedSectors += countSet(words, count);
      onProgress?.(Math.min((first + count) * SECTOR, cow.size), cow.size);
    }
    return { cow, usedSectors, changes, merging: isMerging(cow) };
  });
}
