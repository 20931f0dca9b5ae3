import { mergeCow } from '../cow/merge.ts';
import { copyContent, packContent } from '../io/copy-content.ts';
import { type DiskProgress, withImage } from '../names/image-file.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { writeNewImage } from '../names/new-image.ts';
import type { NewPlace, Owner } from '../names/new-place.ts';
import { imageOf } from '../store/graph.ts';
import type { DiskCommand, DiskHost, DiskResult, Work } from './command-types.ts';
import { backingFor } from './may-use.ts';

/** Copies an image with the time of its last change, so that a copy of a backing file fits its COW images. */
export async function copyImage(
  { image, target }: DiskCommand & { verb: 'copy' },
  { owner }: DiskHost,
  work: Work,
  progress: DiskProgress,
): Promise<DiskResult> {
  const bytes = await withImage(work.source(image), 'read', (from) =>
    writeNewImage(work.placeOfNew(target), owner, 'refuse', async (into) => {
      await copyContent(from, into, progress);
      await into.utimes(from.mtime, from.mtime);
      return from.size;
    }),
  );
  return { summary: `copied ${nameText(image)} to ${nameText(target)}`, image: nameText(target), bytes };
}

/** Makes a flat image of one of any kind. */
export async function convertImage(
  { image, target }: DiskCommand & { verb: 'convert' },
  { owner }: DiskHost,
  work: Work,
  progress: DiskProgress,
): Promise<DiskResult> {
  const place = work.placeOfNew(target);
  const bytes = image.path.endsWith('.cow')
    ? await mergeInto(work, image, { place, owner }, progress)
    : await withImage(work.source(image), 'read', (from) =>
        writeNewImage(place, owner, 'refuse', async (into) => {
          await packContent(from, into, progress);
          return from.size;
        }),
      );
  return { summary: `converted ${nameText(image)} to ${nameText(target)}`, image: nameText(target), bytes };
}

/** Makes a flat image of a COW image and its backing file; returns its size. */
export async function mergeInto(
  work: Work,
  image: ImageName,
  target: { place: NewPlace; owner: Owner },
  progress: DiskProgress,
): Promise<number> {
  const backing = backingOf(work, image);
  await mergeCow(
    { path: work.source(image), backing: work.source(backing), target: target.place, owner: target.owner },
    progress,
  );
  return imageOf(work.graph, backing)?.size ?? 0;
}

/** The backing file of a COW image, which the decision has found to be there. */
export function backingOf({ graph }: Work, image: ImageName): ImageName {
  const chain = backingFor(graph, { image, evenMerging: true });
  if ('cause' in chain) throw new Error(chain.cause);
  return chain.name;
}
