/** Questions to the graph of images: may a VM open one, may a verb touch one? Pure; the answers are refusals. */
import type { Refusal } from '../config/problem.ts';
import { quoted } from '../config/problem.ts';
import {
  backingName,
  dependantText,
  type GraphImage,
  type Holding,
  type ImageGraph,
  nameOfId,
  openText,
  othersHolding,
} from './graph.ts';
import { type ImageName, nameFor, nameText } from './image-name.ts';

export interface OpenRequest {
  /** Who asks: a VM or tool. What it holds itself is no obstacle. */
  readonly by: string;
  readonly image: ImageName;
  readonly mode: 'rw' | 'ro';
  /** The backing file as the jail sees it, where it is said and not taken from the header. */
  readonly backing?: string;
}

/** Why a VM may not open an image; undefined if it may. */
export function refuseOpen(graph: ImageGraph, request: OpenRequest): Refusal | undefined {
  const { by, image: name, mode } = request;
  const id = graph.ids.get(nameText(name));
  const image = id === undefined ? undefined : graph.images.get(id);
  // An image that the scan did not see has been reported by whoever looked at it.
  if (!image) return undefined;
  const inUse = refuseHolders(graph, image.id, mode, by);
  if (inUse) return inUse;
  if (mode === 'rw') {
    const backs = refuseBacking(graph, image.id);
    if (backs) return backs;
  }
  if (image.kind !== 'cow') return undefined;
  const chain = backingFor(graph, request);
  return 'cause' in chain ? chain : refuseHolders(graph, chain.image.id, 'ro', by, nameText(name));
}

/** Writers exclude everybody, readers exclude writers. `over` is the COW image for whose sake it is opened. */
function refuseHolders(
  graph: ImageGraph,
  id: string,
  mode: 'rw' | 'ro',
  by: string,
  over?: string,
): Refusal | undefined {
  const others = othersHolding(graph, id, by).filter((holding) => mode === 'rw' || holding.mode === 'rw');
  if (others.length === 0) return undefined;
  return inUse(`${nameOfId(graph, id)}${over === undefined ? '' : `, the backing of ${over},`}`, others);
}

function inUse(what: string, others: readonly Holding[]): Refusal {
  const [{ holder } = { holder: '' }] = others;
  return {
    code: 'IMAGE_IN_USE',
    cause: `${what} is ${openText(others)}`,
    hint: `stop ${holder} first, or use another image`,
  };
}

function refuseBacking(graph: ImageGraph, id: string, except?: string): Refusal | undefined {
  const cause = dependantText(graph, id, except);
  if (!cause) return undefined;
  return {
    code: 'IMAGE_IS_BACKING',
    cause,
    hint: 'a change would destroy what depends on it: use it read-only, or a copy of it',
  };
}

export interface Backing {
  readonly name: ImageName;
  readonly image: GraphImage;
}

/**
 * The backing file that a COW image is to be opened with, or why it cannot be: not there, not where the VM can see
 * it, changed since, or a COW image itself.
 */
export function backingFor(
  graph: ImageGraph,
  { image: name, backing: said }: Pick<OpenRequest, 'image' | 'backing'>,
): Backing | Refusal {
  const cow = graph.images.get(graph.ids.get(nameText(name)) ?? '');
  const header = cow?.header;
  if (!cow || header === undefined || typeof header === 'string')
    return {
      code: 'IMAGE_KIND',
      cause: `${nameText(name)} is no copy-on-write image: ${header ?? 'it was not found'}`,
      hint: 'names of flat images end in .dsk',
    };
  const path = said ?? header.backing;
  const backing = nameFor(name.vm, path);
  const visible = backing && (name.vm !== '' || backing.vm === '') ? backing : undefined;
  if (!visible) return misplaced(graph, cow, name, path);
  const image = graph.images.get(graph.ids.get(nameText(visible)) ?? '');
  if (!image)
    return {
      code: 'IMAGE_BACKING_PATH',
      cause: `${nameText(name)} needs the backing file ${nameText(visible)}, and there is none`,
      hint: 'put it there, or write PATH,BACKING with the right path',
    };
  if (image.id === cow.id || image.kind === 'cow')
    return {
      code: 'IMAGE_CHAIN',
      cause:
        image.id === cow.id
          ? `${nameText(name)} names itself as its backing file`
          : `the backing of ${nameText(name)} is the COW image ${nameText(visible)}, and the kernel reads one layer only`,
      hint: 'merge the lower layer into a flat image first',
    };
  const changed = changeOf(header, image);
  if (changed)
    return {
      code: 'IMAGE_BACKING_CHANGED',
      cause: `${nameText(visible)}, the backing of ${nameText(name)}, ${changed}`,
      hint: 'put the original back, with its time (cp -p); with this one the data of the COW image is garbage',
    };
  return { name: visible, image };
}

function misplaced(graph: ImageGraph, cow: GraphImage, name: ImageName, path: string): Refusal {
  const real = backingName(cow, name, graph.store);
  const known = real && graph.ids.has(nameText(real)) ? real : undefined;
  const reachable = known !== undefined && (known.vm === '' || (known.vm === name.vm && name.vm !== ''));
  const cause = `the backing file of ${nameText(name)} is ${quoted(path)}, which is no image in its jail`;
  return {
    code: 'IMAGE_BACKING_PATH',
    cause,
    hint: reachable
      ? `write ${name.path},${known.path}`
      : `put it in /shared/disks${name.vm === '' ? '' : ' or /disks'}, and write ${name.path},BACKING`,
  };
}

/** How a backing file differs from what the header says, in the fields that the kernel compares. */
function changeOf(header: { size: number; mtime: number }, image: GraphImage): string {
  if (image.size !== header.size) return `has ${image.size} bytes now, and had ${header.size}`;
  // The kernel keeps 32 bits of the time.
  if (image.mtime >>> 0 === header.mtime >>> 0) return '';
  return `was changed at ${timeText(image.mtime)}, and was of ${timeText(header.mtime)}`;
}

function timeText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** What a verb does to an image. */
interface Demand {
  /** How it opens the image. */
  readonly mode: 'rw' | 'ro';
  /** Whether the content is of use only together with an intact backing file. */
  readonly chain?: true;
  /** Refused for COW images, with this reason. */
  readonly flat?: string;
}

/** Every verb that reads or changes images. Merging in place is `refuseMerge`'s. */
const demands = {
  copy: { mode: 'ro' },
  check: { mode: 'ro', chain: true },
  /** Into a new flat image. */
  merge: { mode: 'ro', chain: true },
  /** Becoming the backing file of a new COW image. */
  back: { mode: 'ro', flat: 'the kernel reads one layer only' },
  write: { mode: 'rw' },
  delete: { mode: 'rw' },
  rename: { mode: 'rw' },
  resize: { mode: 'rw', flat: 'it has the size of its backing file' },
  rebase: { mode: 'rw' },
  restore: { mode: 'rw' },
} as const satisfies Record<string, Demand>;

export type ImageVerb = keyof typeof demands;

/** Why a verb may not touch an image; undefined if it may. */
export function refuseVerb(
  graph: ImageGraph,
  verb: ImageVerb,
  image: ImageName,
  by: string,
): Refusal | undefined {
  const demand: Demand = demands[verb];
  const id = graph.ids.get(nameText(image));
  const found = id === undefined ? undefined : graph.images.get(id);
  if (!found)
    return { code: 'IMAGE_MISSING', cause: `there is no image ${nameText(image)}`, hint: 'list the images' };
  if (demand.flat && found.kind === 'cow')
    return {
      code: 'IMAGE_CHAIN',
      cause: `${nameText(image)} is a COW image: ${demand.flat}`,
      hint: 'merge it into a flat image first',
    };
  if (demand.chain) return refuseOpen(graph, { by, image, mode: demand.mode });
  return (
    refuseHolders(graph, found.id, demand.mode, by) ??
    (demand.mode === 'rw' ? refuseBacking(graph, found.id) : undefined)
  );
}

/** Why a COW image may not be merged into its own backing file: that changes it for everybody else. */
export function refuseMerge(graph: ImageGraph, cow: ImageName, by: string): Refusal | undefined {
  const refusal = refuseOpen(graph, { by, image: cow, mode: 'rw' });
  if (refusal) return refusal;
  const chain = backingFor(graph, { image: cow });
  if ('cause' in chain) return chain;
  const { image } = chain;
  return (
    refuseBacking(graph, image.id, graph.ids.get(nameText(cow))) ??
    refuseHolders(graph, image.id, 'rw', by, nameText(cow))
  );
}
