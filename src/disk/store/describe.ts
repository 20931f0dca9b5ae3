import { closeSync } from 'node:fs';
import { UmlmonError } from '../../system/errors/errors.ts';
import { requireAllowed } from '../commands/allow.ts';
import type { ImageCaller } from '../commands/command-types.ts';
import { backingFor } from '../commands/may-use.ts';
import { type ImageContent, recogniseImage } from '../content/recognise.ts';
import { countSet } from '../cow/bitmap.ts';
import { headerIn, readBitmap } from '../cow/file.ts';
import { type Cow, SECTOR } from '../cow/format.ts';
import { cowHazard } from '../cow/hazard.ts';
import { isMerging } from '../cow/match.ts';
import { cowReaderOf } from '../cow/reader.ts';
import { lockedGraph } from '../locks/locked-graph.ts';
import { type DiskProgress, type ImageFile, imageReader, withImage } from '../names/image-file.ts';
import { type ImageName, type ImageStore, imagePathOnHost, nameText } from '../names/image-name.ts';
import { type OpenedImage, openImage } from '../names/open-image.ts';
import { type ListedImage, pacedList } from './list.ts';
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
 * Everything about one image. Takes no lock: for an image in use, the facts may be of different moments. The header of
 * a COW image is read once.
 *
 * @throws UmlmonError IMAGE_MISSING; IMAGE_ACCESS, IMAGE_NOT_OWNED for what the caller may not read; and what goes wrong
 *   in reading it
 */
export function describeImage(
  store: ImageStore,
  image: ImageName,
  caller: ImageCaller,
  progress: DiskProgress = {},
): Promise<ImageDescription> {
  return withOpened(store, image, async (opened) => {
    const { fd, facts } = opened;
    const header =
      facts.kind === 'file' && image.path.endsWith('.cow') ? headerIn(fd, facts.hostPath) : undefined;
    const locked = header === undefined ? { facts } : { facts, header };
    const scan = await scanImages(store, caller.kind === 'vm' ? new Set([image.vm]) : 'everyone');
    const graph = await lockedGraph(scan, [{ image, locked }]);
    const listed = (await pacedList(graph)).find(({ name }) => nameText(name) === nameText(image));
    if (!listed || graph.ids.get(nameText(image)) !== facts.id) throw missing(image, store);
    const place = facts.hostPath;
    requireAllowed(caller, graph, [{ image, mode: 'ro', use: 'read' }], place);
    if (header === undefined)
      return withImage({ fd, path: place }, 'read', async ({ size }) => ({
        ...listed,
        ...describeContent(recogniseImage(imageReader(fd), size), size),
      }));
    if (typeof header === 'string') return { ...listed, hazard: '' };
    const cow = await withImage({ fd, path: place }, 'read', (file) => describeCow(file, header, progress));
    const chain = backingFor(graph, { image, evenMerging: true });
    if ('cause' in chain) return { ...listed, cow, hazard: '' };
    return withOpened(store, chain.name, async (backing) => {
      if (backing.facts.id !== chain.image.id) throw missing(chain.name, store);
      const held = [
        { image, locked },
        { image: chain.name, locked: { facts: backing.facts } },
      ];
      const claim = { image: chain.name, mode: 'ro', use: 'read', via: image } as const;
      requireAllowed(caller, await lockedGraph(scan, held), [claim], place);
      const read = cowReaderOf(fd, header, imageReader(backing.fd));
      return { ...listed, cow, ...describeContent(recogniseImage(read, header.size), header.size) };
    });
  });
}

function missing(image: ImageName, store: ImageStore): UmlmonError {
  return new UmlmonError('IMAGE_MISSING', {
    place: imagePathOnHost(image, store),
    cause: `image ${nameText(image)} does not exist`,
    hint: 'list them: disk list',
  });
}

async function withOpened<Result>(
  store: ImageStore,
  image: ImageName,
  use: (opened: OpenedImage) => Promise<Result>,
): Promise<Result> {
  const opened = openImage(image, store, 'ro');
  try {
    return await use(opened);
  } finally {
    closeSync(opened.fd);
  }
}

function describeContent(content: ImageContent | undefined, size: number) {
  return { ...(content ? { content } : {}), hazard: cowHazard(content, size) ?? '' };
}

async function describeCow(
  file: ImageFile,
  cow: Cow,
  { signal, onProgress }: DiskProgress,
): Promise<CowDescription> {
  let sectors = 0;
  for await (const { words, first, count } of readBitmap(file, cow)) {
    signal?.throwIfAborted();
    sectors += countSet(words, count);
    onProgress?.(Math.min((first + count) * SECTOR, cow.size), cow.size);
  }
  return { version: cow.version, changed: Math.min(sectors * SECTOR, cow.size), merging: isMerging(cow) };
}
