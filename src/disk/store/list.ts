import type { ImageKind } from '../../config/values/disk.ts';
import type { Failure } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { Pacer } from '../../system/pacer.ts';
import type { ImageCaller } from '../commands/command-types.ts';
import { backingFor } from '../commands/may-use.ts';
import { snapshotsOf } from '../commands/snapshot-name.ts';
import { type ImageName, type ImageStore, nameText } from '../names/image-name.ts';
import { mayPass, mayReach } from '../names/image-rights.ts';
import { type GraphImage, type Holding, type ImageGraph, imageOf } from './graph.ts';
import { scanImages } from './scan.ts';

/** One image of a list, under one of its names. */
export interface ListedImage {
  readonly name: ImageName;
  readonly kind: ImageKind;
  /** Bytes of the file or device; of a COW image those that its guest sees. */
  readonly size: number;
  /** Bytes that it takes of its file system. */
  readonly allocated: number;
  /** nameText of the backing file; as in the header, if no image has that name; '' for a flat image. */
  readonly backing: string;
  readonly holders: readonly { readonly holder: string; readonly mode: 'rw' | 'ro' }[];
  /** Names of its snapshots, oldest first. */
  readonly snapshots: readonly string[];
  /** Why no VM can use it; '' if no problem is known. */
  readonly problem: string;
}

export interface ImageList {
  /** In order of their names. */
  readonly images: readonly ListedImage[];
  /** What could not be read. */
  readonly warnings: readonly Failure[];
}

/** All images of the host. Reads directories and headers, and waits for no lock. */
export async function listImages(store: ImageStore): Promise<ImageList> {
  const { graph, warnings } = await scanImages(store);
  return { images: await pacedList(graph), warnings };
}

/**
 * The images that a client of a VM may list: those of the VM, and the shared ones that the VM's user can reach. Headers
 * are included if that user can read them.
 */
export async function listForClient(
  store: ImageStore,
  { vm, user }: ImageCaller & { kind: 'vm' },
): Promise<ImageList> {
  const { graph, warnings } = await scanImages(store, new Set([vm]));
  const images = (await pacedList(graph)).flatMap((image) => {
    const found = imageOf(graph, image.name);
    if (image.name.vm === vm) return [image];
    if (!found || !mayPass(found, user)) return [];
    return [mayReach(found, user, 4) ? image : { ...image, backing: '', problem: '' }];
  });
  return { images, warnings };
}

/** The images of a graph, as `listPieces` lists them, with pauses. */
export function pacedList(graph: ImageGraph): Promise<ListedImage[]> {
  return new Pacer(diskLimits.scanSlice).run(listPieces(graph));
}

/** The images of a graph under all of their names, in order; yields after each. Pure. */
export function* listPieces(graph: ImageGraph): Generator<void, ListedImage[]> {
  const holders = new Map<string, Holding[]>();
  for (const holding of graph.holdings)
    holders.set(holding.id, [...(holders.get(holding.id) ?? []), holding]);
  const snapshots = snapshotsOf(graph);
  const images = new Map<string, ListedImage>();
  for (const image of graph.images.values())
    for (const name of image.names) {
      yield;
      images.set(nameText(name), {
        name,
        kind: image.kind,
        size: typeof image.header === 'object' ? image.header.size : image.size,
        allocated: image.allocated,
        ...aboutBacking(graph, image, name),
        holders: (holders.get(image.id) ?? []).map(({ holder, mode }) => ({ holder, mode })),
        snapshots: snapshots.get(nameText(name)) ?? [],
      });
    }
  const sorted: ListedImage[] = [];
  // The built-in order of strings takes a fraction of the time of a function that compares them.
  for (const text of [...images.keys()].sort()) {
    yield;
    const image = images.get(text);
    if (image) sorted.push(image);
  }
  return sorted;
}

function aboutBacking(graph: ImageGraph, { kind, header }: GraphImage, name: ImageName) {
  if (kind !== 'cow') return { backing: '', problem: '' };
  const chain = backingFor(graph, { image: name });
  if (!('cause' in chain)) return { backing: nameText(chain.name), problem: '' };
  return { backing: typeof header === 'object' ? header.backing : '', problem: chain.cause };
}
