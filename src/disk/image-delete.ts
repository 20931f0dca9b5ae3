import { unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ImageName, nameText } from './image-name.ts';
import { syncDirectory } from './new-image.ts';
import type { Work } from './under-locks.ts';
import type { DiskResult } from './verb.ts';

/** Removes the name of an image; under another name it lives on. */
export async function deleteImage(image: ImageName, { graph, source }: Work): Promise<DiskResult> {
  const { path } = source(image);
  const found = graph.images.get(graph.ids.get(nameText(image)) ?? '');
  await unlink(path);
  await syncDirectory(dirname(path));
  return { summary: `deleted ${nameText(image)}`, image: nameText(image), bytes: found?.allocated ?? 0 };
}
