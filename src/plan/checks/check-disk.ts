/** Whether a VM can use one of its disks on this host. Pure; the texts address the author of the key. */

import type { VmConfig } from '../../config/config.ts';
import type { Refusal } from '../../config/problem.ts';
import { cowHazard } from '../../disk/cow/hazard.ts';
import type { ImageFacts } from '../../disk/names/open-image.ts';
import { remountHint } from '../../jail/host/remount-hint.ts';
import type { VmUser } from '../../jail/user.ts';
import { type Failure, isErrorCode } from '../../system/errors/errors.ts';
import { mayAccess } from '../../system/files/permissions.ts';
import { shellWord } from '../../system/shell-word.ts';
import type { ConfiguredImage } from '../facts/configured-images.ts';
import type { Inventory } from '../facts/inventory.ts';
import { type ConfiguredDisk, refuseDisk } from './refuse-disk.ts';

/** Why the disk cannot be used: the first reason only, as the others mostly follow from it. */
export function checkDisk(
  vm: VmConfig,
  disk: ConfiguredDisk,
  image: ConfiguredImage,
  host: Inventory,
): Refusal[] {
  if ('missing' in image.facts) return [missing(image.facts.missing)];
  const facts = image.facts.found;
  const why =
    kindDamage(facts, disk) ??
    mountDamage(image, disk) ??
    twin(vm, disk, facts, host) ??
    refuseDisk(vm, disk, host.imageGraph) ??
    hazard(disk, host);
  if (why) return [why];
  if ('missing' in host.user) return [];
  const closed = accessDamage(image, facts, host.user.found, !disk.readOnly) ?? backingAccess(disk, host);
  return closed ? [closed] : [];
}

function missing({ code, place, cause, hint }: Failure): Refusal {
  if (code === 'IMAGE_MISSING')
    return { code, cause, hint: `put it at ${place}, or correct the path (a path inside the jail)` };
  return { code: isErrorCode(code) ? code : 'IMAGE_MISSING', cause, hint };
}

function mountDamage(
  { nodev, readOnlyMount, name }: ConfiguredImage,
  { readOnly }: ConfiguredDisk,
): Refusal | undefined {
  if (readOnlyMount !== undefined && !readOnly)
    return {
      code: 'HOST_MOUNT',
      cause: `the VM writes to it, but ${readOnlyMount} is mounted read-only`,
      hint: remountHint('ro', readOnlyMount, 'add ro to the disk'),
    };
  if (nodev === undefined) return undefined;
  return {
    code: 'HOST_MOUNT',
    cause: `the kernel cannot open a device there: ${nodev} is mounted nodev`,
    hint: remountHint('nodev', nodev, `create the node of ${name.path} on another file system`),
  };
}

function kindDamage({ hostPath, kind, size }: ImageFacts, disk: ConfiguredDisk): Refusal | undefined {
  const what = {
    file: 'a regular file',
    block: 'a block device',
    other: 'neither a file nor a block device',
  };
  if (kind === 'other' || (disk.kind === 'device') !== (kind === 'block'))
    return {
      code: 'IMAGE_KIND',
      cause: `${hostPath} is ${what[kind]}`,
      hint: 'rename it: regular files end in .dsk or .cow, block devices in .dev',
    };
  if (disk.kind === 'flat' && (size === 0 || size % 512 !== 0))
    return {
      code: 'IMAGE_KIND',
      cause: `${hostPath} has ${size} bytes`,
      hint: 'make its size a multiple of 512 bytes, at least 512',
    };
  return undefined;
}

/** Two names of one file or device: the kernel would write through both, or change a backing file in use. */
function twin(vm: VmConfig, disk: ConfiguredDisk, { id }: ImageFacts, host: Inventory): Refusal | undefined {
  const isSame = ({ facts }: ConfiguredImage) => 'found' in facts && facts.found.id === id;
  const same = host.images.find((image) => image.unit < disk.unit && isSame(image));
  const first = vm.ubd.find(({ unit }) => unit === same?.unit);
  const over = disk.readOnly ? undefined : host.backings.find(isSame);
  if (over)
    return {
      code: 'CONFIG_CONFLICT',
      cause: `${disk.path} is the backing file of ubd${over.unit}`,
      hint: 'add ro to the disk: a backing file must not change',
    };
  if (!first || (first.readOnly && disk.readOnly)) return undefined;
  return {
    code: 'CONFIG_CONFLICT',
    cause: `ubd${first.unit} is the same image, by another name: ${first.path}`,
    hint: 'remove one of the two: a writable image can be only one disk',
  };
}

/** A file system that the kernel would read wrong through a COW image, and then destroy. */
function hazard({ unit, path }: ConfiguredDisk, { backings }: Inventory): Refusal | undefined {
  const seen = backings.find((backing) => backing.unit === unit)?.guestContent;
  const cause = seen && cowHazard(seen.content, seen.size);
  return cause === undefined
    ? undefined
    : {
        code: 'COW_HAZARD',
        cause: `${path}: ${cause}`,
        hint: 'use a copy of the whole image, or create its file system with blocks of 4096 bytes',
      };
}

function accessDamage(
  { closed }: ConfiguredImage,
  image: ImageFacts,
  user: VmUser,
  write: boolean,
): Refusal | undefined {
  if (closed !== undefined)
    return {
      code: 'IMAGE_ACCESS',
      cause: `user ${user.name} cannot enter the directory ${closed}`,
      hint: `chmod a+x ${closed}`,
    };
  if (mayAccess(image, user, write ? 6 : 4)) return undefined;
  const owner = `it belongs to uid ${image.uid}, mode ${(image.mode & 0o777).toString(8)}`;
  return {
    code: 'IMAGE_ACCESS',
    cause: `user ${user.name} may not ${write ? 'write' : 'read'} ${image.hostPath}: ${owner}`,
    hint: write
      ? `chown ${shellWord(user.name)} ${shellWord(image.hostPath)}, or add ro to the disk`
      : `chmod a+r ${shellWord(image.hostPath)}`,
  };
}

function backingAccess({ unit }: ConfiguredDisk, { backings, user }: Inventory): Refusal | undefined {
  const backing = backings.find((one) => one.unit === unit);
  if (!backing || 'missing' in user) return undefined;
  const { facts } = backing;
  return 'missing' in facts ? missing(facts.missing) : accessDamage(backing, facts.found, user.found, false);
}
