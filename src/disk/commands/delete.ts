import { type ImageName, nameText } from '../names/image-name.ts';
import { syncDirectory } from '../names/new-image.ts';
import { imageOf } from '../store/graph.ts';
import type { DiskResult, Work } from './command-types.ts';

/** Removes the name of an image; under another name it lives on. */
export async function deleteImage(image: ImageName, { graph, placeOf }: Work): Promise<DiskResult> {
  const { directory, name } = placeOf(image);
  const found = imageOf(graph, image);
  directory.remove(name);
  await syncDirectory(directory);
  return { summary: `deleted ${nameText(image)}`, image: nameText(image), bytes: found?.allocated ?? 0 };
}
