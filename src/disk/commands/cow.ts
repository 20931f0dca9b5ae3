import { createCow } from '../cow/create.ts';
import { mergeCowInPlace } from '../cow/merge-in-place.ts';
import { rebaseCow } from '../cow/rebase.ts';
import type { DiskProgress } from '../names/image-file.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { imageOf } from '../store/graph.ts';
import type { DiskCommand, DiskHost, DiskResult, Work } from './command-types.ts';
import { backingOf, mergeInto } from './copy.ts';
import { backingFor } from './may-use.ts';

export async function createCowImage(
  { image, backing }: DiskCommand & { verb: 'cow-create' },
  { owner }: DiskHost,
  work: Work,
): Promise<DiskResult> {
  const place = work.placeOfNew(image);
  await createCow({ place, backing: work.source(backing), storedBacking: backing.path, owner });
  const summary = `created ${nameText(image)} over ${nameText(backing)}`;
  return { summary, image: nameText(image), bytes: sizeOf(work, backing) };
}

export async function mergeCowImage(
  { image, target }: DiskCommand & { verb: 'cow-merge' },
  { owner }: DiskHost,
  work: Work,
  progress: DiskProgress,
): Promise<DiskResult> {
  const backing = backingOf(work, image);
  if (target) {
    const bytes = await mergeInto(work, image, { place: work.placeOfNew(target), owner }, progress);
    const summary = `merged ${nameText(image)} and ${nameText(backing)} into ${nameText(target)}`;
    return { summary, image: nameText(target), bytes };
  }
  const files = { path: work.source(image), place: work.placeOf(image), backing: work.source(backing) };
  await mergeCowInPlace(files, progress);
  const summary = `merged ${nameText(image)} into ${nameText(backing)}; the COW image is empty now`;
  return { summary, image: nameText(backing), bytes: sizeOf(work, backing) };
}

export async function rebaseCowImage(
  { image, backing, sameContent = false }: DiskCommand & { verb: 'cow-rebase' },
  work: Work,
  progress: DiskProgress,
): Promise<DiskResult> {
  const present = backingFor(work.graph, { image });
  const copies = !sameContent && !('cause' in present);
  await rebaseCow(
    {
      path: work.source(image),
      backing: work.source(backing),
      storedBacking: backing.path,
      ...(copies ? { copyFrom: work.source(present.name) } : {}),
    },
    progress,
  );
  const summary = `rebased ${nameText(image)} on ${nameText(backing)}`;
  return { summary, image: nameText(image), bytes: sizeOf(work, backing) };
}

function sizeOf({ graph }: Work, image: ImageName): number {
  return imageOf(graph, image)?.size ?? 0;
}
