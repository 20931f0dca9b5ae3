/** Opens images without being led away from their place: no link is followed on the way from it. */
import { closeSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { HeldDirectory } from '../../system/files/held-directory.ts';
import type { Permissions } from '../../system/files/permissions.ts';
import { O_PATH } from '../../system/files/walk-beneath.ts';
import { capabilityHint } from '../../system/native/capabilities.ts';
import { toHostDevice } from './block-device.ts';
import { factsOf, type ImageFacts, permissionsIn } from './image-facts.ts';
import { type ImageName, type ImageStore, placeOf } from './image-name.ts';

export type { ImageFacts } from './image-facts.ts';

export interface OpenedImage {
  readonly fd: number;
  readonly facts: ImageFacts;
}

/** The open directory of an existing or new image. */
export interface ImagePlace {
  readonly directory: HeldDirectory;
  /** Of the image in its directory. */
  readonly name: string;
  readonly hostPath: string;
  /** ImageRights.way */
  readonly way: readonly Permissions[];
}

const { O_NOCTTY, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/**
 * What an image is, without the right to read it. Errors: IMAGE_MISSING, IMAGE_LINK, IMAGE_OUTSIDE,
 * HOST_SYSTEM_CALL.
 */
export function lookAtImage(name: ImageName, store: ImageStore): ImageFacts {
  const { fd, facts } = openBelow(name, store, O_PATH);
  closeSync(fd);
  return facts;
}

/**
 * Opens an image; `rw` of a block device also claims it, so that the host can no longer mount it. The caller closes
 * the descriptor. Of a device the facts are those of the jail's node, and the descriptor is of the host's.
 *
 * Errors: those of lookAtImage, IMAGE_KIND, IMAGE_IN_USE for a device that the host has mounted.
 */
export function openImage(name: ImageName, store: ImageStore, mode: 'rw' | 'ro'): OpenedImage {
  // Non-blocking, because the path may have become a FIFO.
  const opened = openBelow(name, store, (mode === 'rw' ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY);
  const { kind, hostPath, id } = opened.facts;
  if (kind === 'file') return opened;
  if (kind === 'block') return { ...opened, fd: toHostDevice(opened.fd, id, hostPath, mode) };
  closeSync(opened.fd);
  throw new UmlmonError('IMAGE_KIND', {
    place: hostPath,
    cause: 'neither a regular file nor a block device',
  });
}

/** A descriptor that only stands for an image, by its name of now. The caller closes it. Errors: those of lookAtImage. */
export function openNode(name: ImageName, store: ImageStore): number {
  return openBelow(name, store, O_PATH).fd;
}

/**
 * Opens the directory of an existing or new image; the caller closes it. Errors: those of lookAtImage;
 * IMAGE_MISSING if there is no such directory.
 *
 * @param use `pass` needs no right to list it: only known names in it are used
 * @param missing the error text for a missing directory
 */
export function openPlace(
  name: ImageName,
  store: ImageStore,
  use: 'list' | 'pass' = 'list',
  missing = 'the directory does not exist',
): ImagePlace {
  const { directory: root, below } = placeOf(name, store);
  const [hostPath, parts] = [join(root, below), below.split('/')];
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new UmlmonError('IMAGE_OUTSIDE', { place: hostPath, cause: 'the path is not normalized' });
  const last = parts.pop() ?? '';
  let at: HeldDirectory | undefined;
  let here = '';
  const way: Permissions[] = [];
  try {
    at = use === 'list' && parts.length === 0 ? HeldDirectory.open(root) : HeldDirectory.pass(root);
    // /disks of a VM gets its owner and mode from each start; /shared/disks has those that the administrator gave it.
    if (name.vm === '') way.push(permissionsIn(at.stat));
    for (const [i, part] of parts.entries()) {
      here = part;
      const next: HeldDirectory =
        use === 'list' && i === parts.length - 1 ? at.directory(part) : at.pass(part);
      at.close();
      at = next;
      way.push(permissionsIn(at.stat));
    }
    return { directory: at, name: last, hostPath, way };
  } catch (error) {
    const why = explain(error, { at, part: here, root, hostPath }, missing);
    at?.close();
    throw why;
  }
}

const noImage = 'the image does not exist on the host';

function openBelow(name: ImageName, store: ImageStore, flags: number): OpenedImage {
  const { directory, name: last, hostPath, way } = openPlace(name, store, 'pass', noImage);
  let fd = -1;
  try {
    fd = directory.openFile(last, flags);
    return { fd, facts: factsOf(fd, hostPath, way) };
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    const { directory: root } = placeOf(name, store);
    throw explain(error, { at: directory, part: last, root, hostPath }, noImage);
  } finally {
    directory.close();
  }
}

/** Where the way to an image has ended. */
interface End {
  readonly at: HeldDirectory | undefined;
  /** The entry there that could not be opened. */
  readonly part: string;
  /** Below which all images are. */
  readonly root: string;
  readonly hostPath: string;
}

function explain(error: unknown, end: End, missing: string): unknown {
  if (!isSystemError(error)) return error;
  const link = end.at && end.part !== '' ? end.at.readLink(end.part) : undefined;
  if (link !== undefined || error.code === 'ELOOP') return linkError(end, link);
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    return new UmlmonError('IMAGE_MISSING', { place: end.hostPath, cause: missing });
  const [words = ''] = error.message.split(', ');
  return new UmlmonError('HOST_SYSTEM_CALL', {
    place: end.hostPath,
    cause: `cannot open the image: ${words}`,
    hint: error.code === 'EACCES' || error.code === 'EPERM' ? capabilityHint(['CAP_DAC_OVERRIDE']) : '',
  });
}

/** The target comes from the link itself: umlmon does not reveal with root's rights whether it exists. */
function linkError({ at, root, hostPath }: End, link: string | undefined): UmlmonError {
  const target = link === undefined ? undefined : resolve(at?.path ?? root, link);
  if (target !== undefined && !target.startsWith(`${root}/`))
    return new UmlmonError('IMAGE_OUTSIDE', {
      place: hostPath,
      cause: `the path contains a symbolic link to ${link}, outside of the jail`,
      hint: hostPath.endsWith('.dev')
        ? 'create a device node with mknod instead of a link'
        : 'move the file into the jail instead of linking it',
    });
  return new UmlmonError('IMAGE_LINK', {
    place: hostPath,
    cause: `the path contains a symbolic link${link === undefined ? '' : ` to ${link}`}`,
    hint: 'give the path of the file itself',
  });
}
