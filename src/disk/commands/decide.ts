/** Which images a disk command locks, or why it is refused. Pure. */
import type { Refusal } from '../../config/problem.ts';
import type { ImageName } from '../names/image-name.ts';
import { type ImageGraph, imageOf } from '../store/graph.ts';
import type { Claim, DiskCommand } from './command-types.ts';
import { backingFor, refuseMerge, refuseSnapshot, refuseVerb } from './may-use.ts';
import {
  kindOf,
  refuseDevice,
  refuseFlat,
  refuseLinks,
  refuseMove,
  refuseNew,
  refuseOutOfSight,
  refuseSize,
  refuseSnapshots,
} from './refuse-request.ts';
import { snapshotName } from './snapshot-name.ts';

const reads = (image: ImageName): Claim => ({ image, mode: 'ro', use: 'read' });
const writes = (image: ImageName): Claim => ({ image, mode: 'rw', use: 'write' });
const removes = (image: ImageName): Claim => ({ image, mode: 'rw', use: 'name' });

type Decision = readonly Claim[] | Refusal;

/** @param by the caller; images that it holds itself do not conflict */
export function decideVerb(graph: ImageGraph, request: DiskCommand, by: string): Decision {
  const { image } = request;
  switch (request.verb) {
    case 'create':
      return refuseNew(graph, image, '.dsk') ?? refuseSize(request.size) ?? [];
    case 'delete':
      return (
        refuseVerb(graph, 'delete', image, by) ??
        refuseDevice(image) ??
        refuseSnapshots(graph, image) ?? [removes(image)]
      );
    case 'copy':
      return (
        refuseVerb(graph, 'copy', image, by) ??
        refuseDevice(image) ??
        refuseNew(graph, request.target, kindOf(image)) ??
        refuseMove(graph, image, request.target) ?? [reads(image)]
      );
    case 'resize':
      return (
        refuseVerb(graph, 'resize', image, by) ??
        refuseDevice(image) ??
        refuseSnapshot(graph, image) ??
        refuseSize(request.size) ??
        (request.filesystem ? refuseLinks(graph, image) : undefined) ?? [writes(image)]
      );
    case 'convert':
      return refuseNew(graph, request.target, '.dsk') ?? readAsGuest(graph, image, by, 'copy');
    case 'check':
      return readAsGuest(graph, image, by, 'check');
    case 'cow-create':
      return (
        refuseVerb(graph, 'back', request.backing, by) ??
        refuseDevice(request.backing) ??
        refuseNew(graph, image, '.cow') ??
        refuseOutOfSight(image, request.backing) ?? [reads(request.backing)]
      );
    case 'cow-merge':
      return request.target
        ? (refuseFlat(graph, image) ??
            refuseNew(graph, request.target, '.dsk') ??
            readAsGuest(graph, image, by, 'merge'))
        : mergeInPlace(graph, image, by);
    case 'cow-rebase':
      return rebase(graph, request, by);
    case 'snapshot': {
      const snapshot = snapshotName(image, request.name);
      if ('cause' in snapshot) return snapshot;
      return (
        refuseVerb(graph, 'copy', image, by) ?? refuseNew(graph, snapshot, kindOf(snapshot)) ?? [reads(image)]
      );
    }
    case 'rollback': {
      const snapshot = snapshotName(image, request.name);
      if ('cause' in snapshot) return snapshot;
      return (
        refuseVerb(graph, 'restore', image, by) ??
        refuseVerb(graph, 'copy', snapshot, by) ??
        refuseLinks(graph, image) ?? [writes(image), reads(snapshot)]
      );
    }
    case 'snapshot-delete': {
      const snapshot = snapshotName(image, request.name);
      if ('cause' in snapshot) return snapshot;
      return (
        refuseVerb(graph, 'delete', snapshot, by) ?? refuseSnapshots(graph, snapshot) ?? [removes(snapshot)]
      );
    }
  }
}

/** Reads what the guest sees: a COW image together with its backing file. */
function readAsGuest(
  graph: ImageGraph,
  image: ImageName,
  by: string,
  flat: 'copy' | 'check' | 'merge',
): Decision {
  const found = imageOf(graph, image);
  if (found?.kind !== 'cow') return refuseVerb(graph, flat, image, by) ?? [reads(image)];
  const refusal = refuseVerb(graph, 'merge', image, by);
  if (refusal) return refusal;
  const chain = backingFor(graph, { image, evenMerging: true });
  if ('cause' in chain) return chain;
  return [reads(image), { ...reads(chain.name), via: image }];
}

function mergeInPlace(graph: ImageGraph, image: ImageName, by: string): Decision {
  const refusal = refuseFlat(graph, image) ?? refuseSnapshot(graph, image) ?? refuseMerge(graph, image, by);
  if (refusal) return refusal;
  const chain = backingFor(graph, { image, evenMerging: true });
  if ('cause' in chain) return chain;
  return (
    refuseDevice(chain.name) ??
    refuseSnapshot(graph, chain.name) ?? [writes(image), { ...writes(chain.name), via: image }]
  );
}

/**
 * The present backing file is read, so that the image keeps its content. If that file is missing or has changed, the
 * caller must assert equal content, or the new file must have the recorded size and time.
 */
function rebase(
  graph: ImageGraph,
  { image, backing, sameContent = false }: DiskCommand & { verb: 'cow-rebase' },
  by: string,
): Decision {
  const refusal =
    refuseFlat(graph, image) ??
    refuseVerb(graph, 'rebase', image, by) ??
    refuseVerb(graph, 'back', backing, by) ??
    refuseDevice(backing) ??
    refuseOutOfSight(image, backing);
  if (refusal) return refusal;
  const claims = [writes(image), reads(backing)];
  if (sameContent) return claims;
  const present = backingFor(graph, { image });
  if (!('cause' in present))
    return refuseVerb(graph, 'copy', present.name, by) ?? [...claims, { ...reads(present.name), via: image }];
  // A file of that size and time is the same one, elsewhere.
  const moved = isRecorded(graph, image, backing);
  return moved ? claims : { ...present, hint: `${present.hint}; or add -same if the content is the same` };
}

function isRecorded(graph: ImageGraph, image: ImageName, backing: ImageName): boolean {
  const [cow, next] = [image, backing].map((name) => imageOf(graph, name));
  if (!next || typeof cow?.header !== 'object') return false;
  return next.size === cow.header.size && next.mtime >>> 0 === cow.header.mtime;
}
