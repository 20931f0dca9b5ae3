/** What a verb needs of the images of a host: which of them it locks, or why it is refused. Pure. */
import { parseImagePath } from '../config/disk.ts';
import { quoted, type Refusal } from '../config/problem.ts';
import { diskLimits } from '../system/limits.ts';
import { SECTOR } from './cow-format.ts';
import { backingName, type ImageGraph } from './graph.ts';
import { type ImageName, nameText } from './image-name.ts';
import { backingFor, refuseMerge, refuseSnapshot, refuseVerb } from './may-use.ts';
import { snapshotName, snapshotsOf } from './snapshot-name.ts';
import type { DiskVerb } from './verb.ts';

/** An image that is locked while a verb is at work. */
export interface Claim {
  readonly image: ImageName;
  readonly mode: 'rw' | 'ro';
}

type Decision = readonly Claim[] | Refusal;

/** @param by who asks; what it holds itself is no obstacle */
export function decideVerb(graph: ImageGraph, request: DiskVerb, by: string): Decision {
  const { image } = request;
  switch (request.verb) {
    case 'create':
      return refuseNew(graph, image, '.dsk') ?? refuseSize(request.size) ?? [];
    case 'delete':
      return (
        refuseVerb(graph, 'delete', image, by) ??
        refuseDevice(image) ??
        refuseSnapshots(graph, image) ?? [{ image, mode: 'rw' }]
      );
    case 'copy':
      return (
        refuseVerb(graph, 'copy', image, by) ??
        refuseDevice(image) ??
        refuseNew(graph, request.target, kindOf(image)) ??
        refuseMove(graph, image, request.target) ?? [{ image, mode: 'ro' }]
      );
    case 'resize':
      return (
        refuseVerb(graph, 'resize', image, by) ??
        refuseDevice(image) ??
        refuseSnapshot(graph, image) ??
        refuseSize(request.size) ??
        (request.filesystem ? refuseLinks(graph, image) : undefined) ?? [{ image, mode: 'rw' }]
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
        refuseUnseen(image, request.backing) ?? [{ image: request.backing, mode: 'ro' }]
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
        refuseVerb(graph, 'copy', image, by) ??
        refuseNew(graph, snapshot, kindOf(snapshot)) ?? [{ image, mode: 'ro' }]
      );
    }
    case 'rollback': {
      const snapshot = snapshotName(image, request.name);
      if ('cause' in snapshot) return snapshot;
      return (
        refuseVerb(graph, 'restore', image, by) ??
        refuseVerb(graph, 'copy', snapshot, by) ??
        refuseLinks(graph, image) ?? [
          { image, mode: 'rw' },
          { image: snapshot, mode: 'ro' },
        ]
      );
    }
    case 'snapshot-delete': {
      const snapshot = snapshotName(image, request.name);
      if ('cause' in snapshot) return snapshot;
      return (
        refuseVerb(graph, 'delete', snapshot, by) ??
        refuseSnapshots(graph, snapshot) ?? [{ image: snapshot, mode: 'rw' }]
      );
    }
  }
}

/** The kernel knows sizes in sectors. */
function refuseSize(size: number): Refusal | undefined {
  const isPossible = Number.isSafeInteger(size) && size > 0 && size % SECTOR === 0;
  if (isPossible && size <= diskLimits.imageBytes) return undefined;
  return {
    code: 'IMAGE_SIZE',
    cause: `an image cannot have ${size} bytes`,
    hint: `a multiple of ${SECTOR}, up to ${diskLimits.imageBytes}`,
  };
}

type Suffix = '.dsk' | '.cow' | '.dev';

function kindOf({ path }: ImageName): Suffix {
  return path.endsWith('.cow') ? '.cow' : path.endsWith('.dev') ? '.dev' : '.dsk';
}

function refuseNew(graph: ImageGraph, image: ImageName, kind: Suffix): Refusal | undefined {
  const text = nameText(image);
  const parsed = parseImagePath(image.path);
  if ('cause' in parsed) return parsed;
  if (parsed.value.shared !== (image.vm === ''))
    return {
      code: 'IMAGE_NAME',
      cause: `${quoted(text)} is no place for images`,
      hint: 'as in vm1:/disks/a.dsk',
    };
  if (kindOf(image) !== kind)
    return { code: 'IMAGE_NAME', cause: `the name of the new image, ${text}, must end in ${kind}`, hint: '' };
  if (!graph.ids.has(text)) return undefined;
  return {
    code: 'IMAGE_EXISTS',
    cause: `there is an image ${text}`,
    hint: 'choose another name, or delete it',
  };
}

function refuseDevice(image: ImageName): Refusal | undefined {
  if (kindOf(image) !== '.dev') return undefined;
  return {
    code: 'IMAGE_KIND',
    cause: `${nameText(image)} is a block device of the host`,
    hint: 'convert it into a .dsk image, or use the tools of the host',
  };
}

function refuseFlat(graph: ImageGraph, image: ImageName): Refusal | undefined {
  if (!graph.ids.has(nameText(image)) || kindOf(image) === '.cow') return undefined;
  return { code: 'IMAGE_KIND', cause: `${nameText(image)} is no COW image`, hint: '' };
}

/** A new file takes the place of one name; under the others the image would stay what it was. */
function refuseLinks(graph: ImageGraph, image: ImageName): Refusal | undefined {
  const names = graph.images.get(graph.ids.get(nameText(image)) ?? '')?.names ?? [];
  if (names.length < 2) return undefined;
  return {
    code: 'IMAGE_KIND',
    cause: `the image has several names: ${names.slice(0, 3).map(nameText).join(', ')}`,
    hint: 'remove the others (they are hard links)',
  };
}

/** Without their image, snapshots would be images that nobody knows the use of. */
function refuseSnapshots(graph: ImageGraph, image: ImageName): Refusal | undefined {
  const names = snapshotsOf(graph).get(nameText(image));
  if (!names) return undefined;
  const [few, more] = [names.slice(0, 3).join(', '), names.length > 3 ? ` and ${names.length - 3} more` : ''];
  return {
    code: 'IMAGE_SNAPSHOTS',
    cause: `${nameText(image)} has snapshots: ${few}${more}`,
    hint: 'delete them first',
  };
}

/** A backing file must be where the VM of the COW image finds it. */
function refuseUnseen(image: ImageName, backing: ImageName): Refusal | undefined {
  if (backing.vm === '' || backing.vm === image.vm) return undefined;
  return {
    code: 'IMAGE_BACKING_PATH',
    cause: `${nameText(backing)} is not where the user of ${nameText(image)} can see it`,
    hint: 'put the backing file in /shared/disks',
  };
}

/** The header of a COW image names a path, which may be another file for another VM. */
function refuseMove(graph: ImageGraph, image: ImageName, target: ImageName): Refusal | undefined {
  const found = graph.images.get(graph.ids.get(nameText(image)) ?? '');
  if (found?.kind !== 'cow') return undefined;
  const [old, next] = [image, target].map((name) => backingName(found, name, graph.store));
  if (old === undefined || (next !== undefined && nameText(old) === nameText(next))) return undefined;
  return {
    code: 'IMAGE_BACKING_PATH',
    cause: `the backing file of ${nameText(image)} is ${nameText(old)}, which ${nameText(target)} would not find`,
    hint: 'move the backing file to /shared/disks and rebase the COW image, or convert it into a .dsk image',
  };
}

/** Reads what the guest sees: a COW image together with its backing file. */
function readAsGuest(
  graph: ImageGraph,
  image: ImageName,
  by: string,
  flat: 'copy' | 'check' | 'merge',
): Decision {
  const found = graph.images.get(graph.ids.get(nameText(image)) ?? '');
  if (found?.kind !== 'cow') return refuseVerb(graph, flat, image, by) ?? [{ image, mode: 'ro' }];
  const refusal = refuseVerb(graph, 'merge', image, by);
  if (refusal) return refusal;
  const chain = backingFor(graph, { image, evenMerging: true });
  if ('cause' in chain) return chain;
  return [
    { image, mode: 'ro' },
    { image: chain.name, mode: 'ro' },
  ];
}

function mergeInPlace(graph: ImageGraph, image: ImageName, by: string): Decision {
  const refusal = refuseFlat(graph, image) ?? refuseSnapshot(graph, image) ?? refuseMerge(graph, image, by);
  if (refusal) return refusal;
  const chain = backingFor(graph, { image, evenMerging: true });
  if ('cause' in chain) return chain;
  return (
    refuseDevice(chain.name) ??
    refuseSnapshot(graph, chain.name) ?? [
      { image, mode: 'rw' },
      { image: chain.name, mode: 'rw' },
    ]
  );
}

/**
 * The present backing file is read, so that the image stays the same. Where that is not there, or no longer what it was, the new
 * one must be told to have the same content, or be known by its size and time.
 */
function rebase(
  graph: ImageGraph,
  { image, backing, sameContent = false }: DiskVerb & { verb: 'cow-rebase' },
  by: string,
): Decision {
  const refusal =
    refuseFlat(graph, image) ??
    refuseVerb(graph, 'rebase', image, by) ??
    refuseVerb(graph, 'back', backing, by) ??
    refuseDevice(backing) ??
    refuseUnseen(image, backing);
  if (refusal) return refusal;
  const claims: Claim[] = [
    { image, mode: 'rw' },
    { image: backing, mode: 'ro' },
  ];
  if (sameContent) return claims;
  const present = backingFor(graph, { image });
  if (!('cause' in present))
    return refuseVerb(graph, 'copy', present.name, by) ?? [...claims, { image: present.name, mode: 'ro' }];
  // A file of that size and time is the same one, elsewhere.
  const moved = isRecorded(graph, image, backing);
  return moved ? claims : { ...present, hint: `${present.hint}; or say that the content is the same` };
}

function isRecorded(graph: ImageGraph, image: ImageName, backing: ImageName): boolean {
  const [cow, next] = [image, backing].map((name) => graph.images.get(graph.ids.get(nameText(name)) ?? ''));
  if (!next || typeof cow?.header !== 'object') return false;
  return next.size === cow.header.size && next.mtime >>> 0 === cow.header.mtime;
}
