import type { ImageKind } from '../config/disk.ts';
import type { Failure } from '../system/errors.ts';
import type { GraphImage, Holding, ImageGraph } from './graph.ts';
import { type ImageName, type ImageStore, nameText } from './image-name.ts';
import { backingFor } from './may-use.ts';
import { scanImages } from './scan.ts';
import { snapshotsOf } from './snapshot-name.ts';

/** One image of a list, under one of its names. */
export interface ListedImage {
  readonly name: ImageName;
  readonly kind: ImageKind;
  /** Bytes of the file or device; of a COW image those that its guest sees. */
  readonly size: number;
  /** Bytes that it takes of its file system. */
  readonly allocated: number;
  /** nameText of the backing file; as the header says it, where there is no such image; '' for none. */
  readonly backing: string;
  readonly holders: readonly { readonly holder: string; readonly mode: 'rw' | 'ro' }[];
  /** Names of its snapshots, oldest first. */
  readonly snapshots: readonly string[];
  /** Why nobody can use it; '' if nothing is known to be wrong. */
  readonly problem: string;
}

export interface ImageList {
  /** In order of their names. */
  readonly images: readonly ListedImage[];
  /** What could not be read. */
  readonly troubles: readonly Failure[];
}

/** All images of the host. Reads directories and headers, and waits for nobody. */
export function listImages(store: ImageStore): ImageList {
  const { graph, troubles } = scanImages(store);
  return { images: listGraph(graph), troubles };
}

/** The images of a graph under all of their names. Pure. */
export function listGraph(graph: ImageGraph): ListedImage[] {
  const holders = new Map<string, Holding[]>();
  for (const holding of graph.holdings)
    holders.set(holding.id, [...(holders.get(holding.id) ?? []), holding]);
  const snapshots = snapshotsOf(graph);
  const images = [...graph.images.values()].flatMap((image) =>
    image.names.map((name) => ({
      text: nameText(name),
      name,
      kind: image.kind,
      size: typeof image.header === 'object' ? image.header.size : image.size,
      allocated: image.allocated,
      ...aboutBacking(graph, image, name),
      holders: (holders.get(image.id) ?? []).map(({ holder, mode }) => ({ holder, mode })),
      snapshots: snapshots.get(nameText(name)) ?? [],
    })),
  );
  images.sort((one, other) => (one.text < other.text ? -1 : 1));
  return images.map(({ text: _, ...image }) => image);
}

function aboutBacking(graph: ImageGraph, { kind, header }: GraphImage, name: ImageName) {
  if (kind !== 'cow') return { backing: '', problem: '' };
  const chain = backingFor(graph, { image: name });
  if (!('cause' in chain)) return { backing: nameText(chain.name), problem: '' };
  return { backing: typeof header === 'object' ? header.backing : '', problem: chain.cause };
}
