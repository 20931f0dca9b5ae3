import { type ImageName, nameText } from './image-name.ts';
import { syncDirectory } from './new-image.ts';
import type { Work } from './under-locks.ts';
import type { DiskResult } from './verb.ts';

/** Removes the name of an image; under another name it lives on. */
export async function deleteImage(image: ImageName, { graph, placeOf }: Work): Promise<DiskResult> {
  const { directory, name } = placeOf(image);
  const found = graph.images.get(graph.ids.get(nameText(image)) ?? '');
  directory.remove(name);
  await syncDirectory(directory);
  return { summary: `deleted ${nameText(image)}`, image: nameText(image), bytes: found?.allocated ?? 0 };
}
