/** All images of a host, their backing files, and their holders. Pure: built from the results of a scan. */
import { type ImageKind, parseImagePath } from '../../config/values/disk.ts';
import type { CowHeader } from '../cow/format.ts';
import { type ImageName, type ImageStore, nameFor, nameOfHostPath, nameText } from '../names/image-name.ts';
import type { ImageRights } from '../names/image-rights.ts';

/** One name of an image, as a scan finds it. */
export interface FoundImage extends ImageRights {
  readonly name: ImageName;
  /** ImageFacts.id */
  readonly id: string;
  readonly kind: ImageKind;
  /** Bytes of the file or device. */
  readonly size: number;
  /** Bytes that it takes of its file system. */
  readonly allocated: number;
  /** Seconds since 1970, rounded down. */
  readonly mtime: number;
  /** Names that the file has (hard links), wherever they are. */
  readonly links: number;
  /** Of a COW file: its header, or why it is invalid. */
  readonly header?: CowHeader | string;
}

/** An image that is open, according to a holder file; valid as long as the lock is held. */
export interface Holding {
  /** Name of the VM, or of the tool with its process. */
  readonly holder: string;
  readonly id: string;
  readonly mode: 'rw' | 'ro';
}

/** One image under all of its names. */
export interface GraphImage extends Omit<FoundImage, 'name'> {
  readonly names: readonly ImageName[];
}

/** What a graph does not know, and what is therefore refused. */
export interface Unknown {
  /** Name of a VM, '' for the shared images → why not all its images could be read. */
  readonly images: ReadonlyMap<string, string>;
  /** VMs with the largest number of images that can be read: one more would be ignored. */
  readonly full: ReadonlySet<string>;
  /** Holders of whom it is not known which images they hold. */
  readonly holders: readonly string[];
  /** Whether only the images of some VMs and the shared ones were read: the images of other VMs are not needed. */
  readonly partial: boolean;
}

const allKnown: Unknown = { images: new Map(), full: new Set(), holders: [], partial: false };

export interface ImageGraph {
  readonly store: ImageStore;
  readonly unknown: Unknown;
  readonly images: ReadonlyMap<string, GraphImage>;
  /** By nameText of each name. */
  readonly ids: ReadonlyMap<string, string>;
  /** Id of a backing file → the COW images over it. */
  readonly dependants: ReadonlyMap<string, readonly GraphImage[]>;
  readonly holdings: readonly Holding[];
}

export function buildGraph(
  found: readonly FoundImage[],
  holdings: readonly Holding[],
  store: ImageStore,
  unknown: Unknown = allKnown,
): ImageGraph {
  const building = graphPieces(found, holdings, store, unknown);
  for (;;) {
    const { done, value } = building.next();
    if (done) return value;
  }
}

/** Does so for very many images, and yields after each. */
export function* graphPieces(
  found: readonly FoundImage[],
  holdings: readonly Holding[],
  store: ImageStore,
  unknown: Unknown,
): Generator<void, ImageGraph> {
  const images = new Map<string, GraphImage & { names: ImageName[] }>();
  const ids = new Map<string, string>();
  for (const { name, ...rest } of found) {
    yield;
    ids.set(nameText(name), rest.id);
    const known = images.get(rest.id);
    // A file with a .cow name is a COW image, whatever its other names are.
    if (!known || (rest.kind === 'cow' && known.kind !== 'cow'))
      images.set(rest.id, { ...rest, names: [...(known?.names ?? []), name] });
    else known.names.push(name);
  }
  const dependants = new Map<string, GraphImage[]>();
  for (const image of images.values()) {
    yield;
    const targets = new Set(
      image.names.flatMap((name) => {
        const backing = backingName(image, name, store);
        // A guest that names an image of another VM, by its path of the host, cannot use it, nor keep it from others.
        const visible = backing && (backing.vm === '' || backing.vm === name.vm) ? backing : undefined;
        const id = visible && ids.get(nameText(visible));
        return id === undefined ? [] : [id];
      }),
    );
    for (const id of targets) {
      const over = dependants.get(id);
      if (over) over.push(image);
      else dependants.set(id, [image]);
    }
  }
  return { store, unknown, images, ids, dependants, holdings };
}

/** The image with this name. */
export function imageOf(graph: ImageGraph, name: ImageName): GraphImage | undefined {
  return graph.images.get(graph.ids.get(nameText(name)) ?? '');
}

/**
 * The image that the header of a COW image names, for one of the names of that image. The path in the header is one of
 * the jail, or one of the host as uml_mkcow(1) writes it. Undefined if it is not in a directory of images.
 */
export function backingName(
  { header }: Pick<FoundImage, 'header'>,
  { vm }: ImageName,
  store: ImageStore,
): ImageName | undefined {
  if (header === undefined || typeof header === 'string') return undefined;
  const parsed = parseImagePath(header.backing);
  // In a shared image /disks means another place for every VM, so it means none.
  if (!('cause' in parsed))
    return vm === '' && !parsed.value.shared ? undefined : nameFor(vm, header.backing);
  return nameOfHostPath(header.backing, store);
}

/** Who else holds an image. */
export function othersHolding({ holdings }: ImageGraph, id: string, self: string): Holding[] {
  return holdings.filter((holding) => holding.id === id && holding.holder !== self);
}

/** Images and layers in one sentence: at most this many, for readability. */
const namedAtMost = 3;

/**
 * Who depends on an image, as a chain: `/shared/disks/base.dsk is the backing of vm2:/disks/web.cow, open read-write
 * by vm2`. '' without dependants.
 */
export function dependantText(graph: ImageGraph, id: string, except?: string): string {
  const over = (graph.dependants.get(id) ?? []).filter((image) => image.id !== id && image.id !== except);
  if (over.length === 0) return '';
  const names = over.slice(0, namedAtMost).map((image) => imageNameOf(image) + holdersText(graph, image.id));
  const more = over.length - names.length;
  const list = names.join('; of ') + (more > 0 ? `; and of ${more} more` : '');
  return `${nameOfId(graph, id)} is the backing file of ${list}`;
}

function holdersText(graph: ImageGraph, id: string): string {
  const text = openText(graph.holdings.filter((holding) => holding.id === id));
  return text && `, ${text}`;
}

/** `open read-write by vm2`; '' if it is not open. */
export function openText(holdings: readonly Holding[]): string {
  const [writer] = holdings.filter(({ mode }) => mode === 'rw');
  if (writer) return `open read-write by ${writer.holder}`;
  const names = [...new Set(holdings.map(({ holder }) => holder))];
  if (names.length === 0) return '';
  const more = names.length - namedAtMost;
  return `open read-only by ${names.slice(0, namedAtMost).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export function imageNameOf({ names }: Pick<GraphImage, 'names'>): string {
  return names[0] ? nameText(names[0]) : 'an image';
}

export function nameOfId({ images }: ImageGraph, id: string): string {
  const image = images.get(id);
  return image ? imageNameOf(image) : 'the image';
}
