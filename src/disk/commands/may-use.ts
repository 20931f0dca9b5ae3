/** Whether a VM may open an image, and whether a disk command may touch it. Pure; the results are refusals. */
import type { Refusal } from '../../config/problem.ts';
import { quoted } from '../../config/problem.ts';
import { backingChanges, isMerging } from '../cow/match.ts';
import { type ImageName, nameFor, nameText } from '../names/image-name.ts';
import {
  backingName,
  dependantText,
  type GraphImage,
  type Holding,
  type ImageGraph,
  imageOf,
  nameOfId,
  openText,
  othersHolding,
} from '../store/graph.ts';
import {
  refuseMissing,
  refuseUnknownDependants,
  refuseUnknownHolders,
  refuseUnseen,
} from './refuse-unknown.ts';
import { snapshotOf } from './snapshot-name.ts';

export interface OpenRequest {
  /** The caller: a VM or tool. Images that it holds itself do not conflict. */
  readonly by: string;
  readonly image: ImageName;
  readonly mode: 'rw' | 'ro';
  /** The backing file as the jail sees it, if it is given; otherwise the header names it. */
  readonly backing?: string;
  /** An interrupted merge into the backing file is acceptable: the caller takes it into account. */
  readonly evenMerging?: boolean;
}

/** Why a VM may not open an image; undefined if it may. */
export function refuseOpen(graph: ImageGraph, request: OpenRequest): Refusal | undefined {
  const { by, image: name, mode } = request;
  const id = graph.ids.get(nameText(name));
  const image = id === undefined ? undefined : graph.images.get(id);
  if (!image) return refuseMissing(graph, name);
  const inUse = refuseHolders(graph, image.id, mode, by);
  if (inUse) return inUse;
  if (mode === 'rw') {
    const stays = refuseBacking(graph, image.id) ?? refuseSnapshot(graph, name);
    if (stays) return stays;
  }
  if (image.kind !== 'cow') return undefined;
  const chain = backingFor(graph, request);
  return 'cause' in chain ? chain : refuseHolders(graph, chain.image.id, 'ro', by, nameText(name));
}

/** Writers exclude all others, readers exclude writers. `over` is the COW image that needs this backing file. */
function refuseHolders(
  graph: ImageGraph,
  id: string,
  mode: 'rw' | 'ro',
  by: string,
  over?: string,
): Refusal | undefined {
  const others = othersHolding(graph, id, by).filter((holding) => mode === 'rw' || holding.mode === 'rw');
  if (others.length > 0)
    return inUse(
      `${nameOfId(graph, id)}${over === undefined ? '' : `, the backing file of ${over},`}`,
      others,
    );
  return refuseUnknownHolders(graph, id, by);
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
  if (!cause) return refuseUnknownDependants(graph, id);
  return {
    code: 'IMAGE_IS_BACKING',
    cause,
    hint: 'use it read-only, or use a copy: a change would destroy the images that depend on it',
  };
}

/** A snapshot stays as it is, as long as there is an image to put back to it. */
export function refuseSnapshot(graph: ImageGraph, image: ImageName): Refusal | undefined {
  const snapshot = snapshotOf(image);
  if (!snapshot || !graph.ids.has(nameText(snapshot.of))) return undefined;
  return {
    code: 'IMAGE_SNAPSHOTS',
    cause: `${nameText(image)} is a snapshot of ${nameText(snapshot.of)}`,
    hint: 'use it read-only, or a copy of it',
  };
}

export interface Backing {
  readonly name: ImageName;
  readonly image: GraphImage;
}

/**
 * The backing file that a COW image needs, or why it cannot be used. It may be missing, invisible to the VM, changed
 * since, or itself a COW image.
 */
export function backingFor(
  graph: ImageGraph,
  { image: name, backing: said, evenMerging = false }: Pick<OpenRequest, 'image' | 'backing' | 'evenMerging'>,
): Backing | Refusal {
  const cow = imageOf(graph, name);
  const header = cow?.header;
  if (!cow || header === undefined || typeof header === 'string')
    return {
      code: 'IMAGE_KIND',
      cause: `${nameText(name)} cannot be used: ${header ?? 'it is not a COW image'}`,
      hint: 'rename it to end in .dsk if it is a flat image',
    };
  const path = said ?? header.backing;
  const backing = nameFor(name.vm, path);
  const visible = backing && (name.vm !== '' || backing.vm === '') ? backing : undefined;
  if (!visible) return misplaced(graph, cow, name, path);
  const image = imageOf(graph, visible);
  if (!image)
    return (
      refuseUnseen(graph, visible.vm) ?? {
        code: 'IMAGE_BACKING_PATH',
        cause: `the backing file of ${nameText(name)}, ${nameText(visible)}, does not exist`,
        hint: 'put it there, or set the right path: PATH,BACKING',
      }
    );
  if (image.id === cow.id || image.kind === 'cow')
    return {
      code: 'IMAGE_CHAIN',
      cause:
        image.id === cow.id
          ? `${nameText(name)} names itself as its backing file`
          : `the backing file of ${nameText(name)} is the COW image ${nameText(visible)}, and the kernel reads one layer only`,
      hint: 'merge the lower layer into a flat image first',
    };
  if (isMerging(header)) return evenMerging ? { name: visible, image } : interrupted(name, visible);
  const changes = backingChanges(header, image);
  if (changes.length > 0)
    return {
      code: 'COW_BACKING',
      cause: `${nameText(visible)} has changed since ${nameText(name)} was created over it: ${changes.join('; ')}`,
      hint:
        image.size === header.size
          ? 'if only its time changed: cow-rebase with -same; else restore the original with its time (cp -p)'
          : 'restore the original with its time (cp -p): over this file the COW image is garbage',
    };
  return { name: visible, image };
}

function interrupted(name: ImageName, backing: ImageName): Refusal {
  return {
    code: 'COW_BACKING',
    cause: `a merge of ${nameText(name)} into ${nameText(backing)} was interrupted`,
    hint: 'repeat the merge: it does the rest, and nothing is lost',
  };
}

function misplaced(graph: ImageGraph, cow: GraphImage, name: ImageName, path: string): Refusal {
  const real = backingName(cow, name, graph.store);
  const known = real && graph.ids.has(nameText(real)) ? real : undefined;
  const reachable = known !== undefined && (known.vm === '' || (known.vm === name.vm && name.vm !== ''));
  const cause = `the backing file of ${nameText(name)} is ${quoted(path)}, which is not an image in its jail`;
  return {
    code: 'IMAGE_BACKING_PATH',
    cause,
    hint: reachable
      ? `set ${name.path},${known.path}`
      : `put it in /shared/disks${name.vm === '' ? '' : ' or /disks'}, and set ${name.path},BACKING`,
  };
}

/** The effect of a disk command on an image. */
interface Demand {
  /** How it opens the image. */
  readonly mode: 'rw' | 'ro';
  /** Whether the content is useful only together with the backing file, even if half merged into it. */
  readonly chain?: true;
  /** Refused for COW images, with this reason. */
  readonly flat?: string;
}

/** All disk commands that read or change images, except merging in place: see `refuseMerge`. */
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
  resize: { mode: 'rw', flat: 'its size is that of its backing file' },
  rebase: { mode: 'rw' },
  restore: { mode: 'rw' },
} as const satisfies Record<string, Demand>;

export type ImageVerb = keyof typeof demands;

/** Why a disk command may not touch an image; undefined if it may. */
export function refuseVerb(
  graph: ImageGraph,
  verb: ImageVerb,
  image: ImageName,
  by: string,
): Refusal | undefined {
  const demand: Demand = demands[verb];
  const id = graph.ids.get(nameText(image));
  const found = id === undefined ? undefined : graph.images.get(id);
  if (!found) return refuseMissing(graph, image);
  if (demand.flat && found.kind === 'cow')
    return {
      code: 'IMAGE_CHAIN',
      cause: `${nameText(image)} is a COW image: ${demand.flat}`,
      hint: 'merge it into a flat image first',
    };
  if (demand.chain) return refuseOpen(graph, { by, image, mode: demand.mode, evenMerging: true });
  return (
    refuseHolders(graph, found.id, demand.mode, by) ??
    (demand.mode === 'rw' ? refuseBacking(graph, found.id) : undefined)
  );
}

/** Why a COW image may not be merged into its own backing file: that changes the file for all its users. */
export function refuseMerge(graph: ImageGraph, cow: ImageName, by: string): Refusal | undefined {
  const refusal = refuseOpen(graph, { by, image: cow, mode: 'rw', evenMerging: true });
  if (refusal) return refusal;
  const chain = backingFor(graph, { image: cow, evenMerging: true });
  if ('cause' in chain) return chain;
  const { image } = chain;
  return (
    refuseBacking(graph, image.id, graph.ids.get(nameText(cow))) ??
    refuseHolders(graph, image.id, 'rw', by, nameText(cow))
  );
}
