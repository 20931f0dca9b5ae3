import { closeSync } from 'node:fs';
import { UmlmonError } from '../system/errors.ts';
import { countSet } from './cow-bitmap.ts';
import { readBitmap, readCow } from './cow-file.ts';
import { type Cow, SECTOR } from './cow-format.ts';
import { cowHazard } from './cow-hazard.ts';
import { isMerging } from './cow-match.ts';
import { cowReaderOf } from './cow-reader.ts';
import { type ImageContent, recogniseImage } from './filesystem.ts';
import { type ImageFile, type ImageSource, type Progress, readerOf, withImage } from './image-file.ts';
import { hostPathOf, type ImageName, type ImageStore, nameText } from './image-name.ts';
import { type ListedImage, listGraph } from './list.ts';
import { backingFor } from './may-use.ts';
import { openImage } from './open-image.ts';
import { scanImages } from './scan.ts';

export interface ImageDescription extends ListedImage {
  /** What the image holds, as its guest sees it; undefined for nothing that is known here. */
  readonly content?: ImageContent;
  /** Why the kernel would read wrong data through a COW image over it, or through itself if it is one; '' if not. */
  readonly hazard: string;
  /** Of a COW image. */
  readonly cow?: CowDescription;
}

export interface CowDescription {
  readonly version: Cow['version'];
  /** Bytes that the guest has changed: they are in the COW file. */
  readonly changed: number;
  /** A merge into the backing file was interrupted: do it again. */
  readonly merging: boolean;
}

/**
 * Everything about one image. Takes no lock: of an image in use, what is told may be of different moments.
 *
 * @throws UmlmonError IMAGE_MISSING, and what goes wrong in reading it
 */
export async function describeImage(
  store: ImageStore,
  image: ImageName,
  progress: Progress = {},
): Promise<ImageDescription> {
  const { graph } = scanImages(store);
  const listed = listGraph(graph).find(({ name }) => nameText(name) === nameText(image));
  if (!listed) {
    const cause = `there is no image ${nameText(image)}`;
    throw new UmlmonError('IMAGE_MISSING', {
      place: hostPathOf(image, store),
      cause,
      hint: 'list the images',
    });
  }
  const chain = listed.kind === 'cow' ? backingFor(graph, { image, evenMerging: true }) : undefined;
  return withOpened(store, image, async (file) => {
    if (!chain)
      return {
        ...listed,
        ...describeContent(recogniseImage(readerOf(file.handle.fd), file.size), file.size),
      };
    if (typeof graph.images.get(graph.ids.get(nameText(image)) ?? '')?.header !== 'object')
      return { ...listed, hazard: '' };
    const cow = await readCow(file);
    const about = { ...listed, cow: await describeCow(file, cow, progress) };
    if ('cause' in chain) return { ...about, hazard: '' };
    return withOpened(store, chain.name, async (backing) => {
      const read = cowReaderOf(file.handle.fd, cow, readerOf(backing.handle.fd));
      return { ...about, ...describeContent(recogniseImage(read, cow.size), cow.size) };
    });
  });
}

async function withOpened<Result>(
  store: ImageStore,
  image: ImageName,
  use: (file: ImageFile) => Promise<Result>,
): Promise<Result> {
  const { fd, facts } = openImage(image, store, 'ro');
  const source: ImageSource = { fd, path: facts.hostPath };
  try {
    return await withImage(source, 'read', use);
  } finally {
    closeSync(fd);
  }
}

function describeContent(content: ImageContent | undefined, size: number) {
  return { ...(content ? { content } : {}), hazard: cowHazard(content, size) ?? '' };
}

async function describeCow(
  file: ImageFile,
  cow: Cow,
  { signal, onProgress }: Progress,
): Promise<CowDescription> {
  let sectors = 0;
  for await (const { words, first, count } of readBitmap(file, cow)) {
    signal?.throwIfAborted();
    sectors += countSet(words, count);
    onProgress?.(Math.min((first + count) * SECTOR, cow.size), cow.size);
  }
  return { version: cow.version, changed: Math.min(sectors * SECTOR, cow.size), merging: isMerging(cow) };
}
