/** Why a disk command is refused because of its own arguments: paths, kinds, sizes, names. Pure. */

import { vmNameDamage } from '../../config/names.ts';
import { quoted, type Refusal } from '../../config/problem.ts';
import { parseImagePath } from '../../config/values/disk.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { SECTOR } from '../cow/format.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { backingName, type ImageGraph, imageOf } from '../store/graph.ts';
import { refuseFull, refuseUnseen } from './refuse-unknown.ts';
import { snapshotsOf } from './snapshot-name.ts';

/** The kernel knows sizes in sectors. */
export function refuseSize(size: number): Refusal | undefined {
  const isPossible = Number.isSafeInteger(size) && size > 0 && size % SECTOR === 0;
  if (isPossible && size <= diskLimits.imageBytes) return undefined;
  return {
    code: 'IMAGE_SIZE',
    cause: `invalid image size, ${size} bytes`,
    hint: `give a multiple of ${SECTOR}, up to ${diskLimits.imageBytes}`,
  };
}

type Suffix = '.dsk' | '.cow' | '.dev';

export function kindOf({ path }: ImageName): Suffix {
  return path.endsWith('.cow') ? '.cow' : path.endsWith('.dev') ? '.dev' : '.dsk';
}

export function refuseNew(graph: ImageGraph, image: ImageName, kind: Suffix): Refusal | undefined {
  const text = nameText(image);
  const damage = image.vm === '' ? undefined : vmNameDamage(image.vm);
  if (damage) return damage;
  const parsed = parseImagePath(image.path);
  if ('cause' in parsed) return parsed;
  if (parsed.value.shared !== (image.vm === ''))
    return {
      code: 'IMAGE_NAME',
      cause: `${quoted(text)} is not a path of an image`,
      hint: 'example: vm1:/disks/a.dsk',
    };
  if (kindOf(image) !== kind)
    return { code: 'IMAGE_NAME', cause: `the name of the new image, ${text}, must end in ${kind}`, hint: '' };
  if (!graph.ids.has(text)) return refuseUnseen(graph, image.vm) ?? refuseFull(graph, image.vm);
  return {
    code: 'IMAGE_EXISTS',
    cause: `image ${text} exists`,
    hint: 'choose another name, or delete it',
  };
}

export function refuseDevice(image: ImageName): Refusal | undefined {
  if (kindOf(image) !== '.dev') return undefined;
  return {
    code: 'IMAGE_KIND',
    cause: `${nameText(image)} is a block device of the host`,
    hint: 'convert it into a .dsk image, or use tools of the host',
  };
}

export function refuseFlat(graph: ImageGraph, image: ImageName): Refusal | undefined {
  if (!graph.ids.has(nameText(image)) || kindOf(image) === '.cow') return undefined;
  return { code: 'IMAGE_KIND', cause: `${nameText(image)} is not a COW image`, hint: '' };
}

/** A new file takes the place of one name; under the others the image would stay what it was. */
export function refuseLinks(graph: ImageGraph, image: ImageName): Refusal | undefined {
  const names = imageOf(graph, image)?.names ?? [];
  if (names.length < 2) return undefined;
  return {
    code: 'IMAGE_KIND',
    cause: `the image has several names: ${names.slice(0, 3).map(nameText).join(', ')}`,
    hint: 'remove the other names (hard links)',
  };
}

/** Deleting the image would orphan its snapshots. */
export function refuseSnapshots(graph: ImageGraph, image: ImageName): Refusal | undefined {
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
export function refuseOutOfSight(image: ImageName, backing: ImageName): Refusal | undefined {
  if (backing.vm === '' || backing.vm === image.vm) return undefined;
  return {
    code: 'IMAGE_BACKING_PATH',
    cause: `the VM of ${nameText(image)} cannot see ${nameText(backing)}`,
    hint: 'put the backing file in /shared/disks',
  };
}

/** The header of a COW image names a path, which may be another file for another VM. */
export function refuseMove(graph: ImageGraph, image: ImageName, target: ImageName): Refusal | undefined {
  const found = imageOf(graph, image);
  if (found?.kind !== 'cow') return undefined;
  const [old, next] = [image, target].map((name) => backingName(found, name, graph.store));
  if (old === undefined || (next !== undefined && nameText(old) === nameText(next))) return undefined;
  return {
    code: 'IMAGE_BACKING_PATH',
    cause: `the backing file of ${nameText(image)} is ${nameText(old)}, which ${nameText(target)} would not find`,
    hint: 'move the backing file to /shared/disks and rebase the COW image, or convert it into a .dsk image',
  };
}
