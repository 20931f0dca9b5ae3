import { UmlmonError } from '../../system/errors/errors.ts';
import { copyContent } from '../io/copy-content.ts';
import { type DiskProgress, withImage } from '../names/image-file.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { writeNewImage } from '../names/new-image.ts';
import type { DiskCommand, DiskResult, Work } from './command-types.ts';
import { deleteImage } from './delete.ts';
import { snapshotName } from './snapshot-name.ts';

/** Copies the present state of an image to a snapshot, which is read-only. */
export async function takeSnapshot(
  { image, name }: DiskCommand & { verb: 'snapshot' },
  work: Work,
  progress: DiskProgress,
): Promise<DiskResult> {
  const snapshot = nameOrThrow(image, name);
  const bytes = await withImage(work.source(image), 'read', async (from) => {
    const owner = { ...from, mode: from.mode & 0o444 };
    await writeNewImage(work.placeOf(snapshot), owner, 'refuse', (into) => copyContent(from, into, progress));
    return from.size;
  });
  return { summary: `took snapshot ${name} of ${nameText(image)}`, image: nameText(snapshot), bytes };
}

/**
 * Puts a copy of a snapshot in the place of its image, at once; the snapshot stays. What the image was until now is
 * gone: who wants to keep it takes a snapshot of it first.
 */
export async function rollBack(
  { image, name }: DiskCommand & { verb: 'rollback' },
  work: Work,
  progress: DiskProgress,
): Promise<DiskResult> {
  const snapshot = nameOrThrow(image, name);
  const bytes = await withImage(work.source(image), 'read', (old) =>
    withImage(work.source(snapshot), 'read', async (from) => {
      await writeNewImage(work.placeOf(image), old, 'replace', (into) => copyContent(from, into, progress));
      return from.size;
    }),
  );
  return { summary: `rolled ${nameText(image)} back to snapshot ${name}`, image: nameText(image), bytes };
}

export async function deleteSnapshot(
  { image, name }: DiskCommand & { verb: 'snapshot-delete' },
  work: Work,
): Promise<DiskResult> {
  const result = await deleteImage(nameOrThrow(image, name), work);
  return { ...result, summary: `deleted snapshot ${name} of ${nameText(image)}` };
}

function nameOrThrow(image: ImageName, name: string): ImageName {
  const snapshot = snapshotName(image, name);
  if (!('cause' in snapshot)) return snapshot;
  const { code, cause, hint } = snapshot;
  throw new UmlmonError(code, { place: nameText(image), cause, hint });
}
