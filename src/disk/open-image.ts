/** Opens images without being led away from their place: no link is followed on the way from it. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { join } from 'node:path';
import { isSystemError, UmlmonError } from '../system/errors.ts';
import { type ImageName, type ImageStore, placeOf } from './image-name.ts';

export interface ImageFacts {
  /** Which file or device it is, whatever its name: equal for hard links, and for all nodes of one device. */
  readonly id: string;
  readonly hostPath: string;
  readonly kind: 'file' | 'block' | 'other';
  /** Bytes. */
  readonly size: number;
  /** Seconds since 1970, rounded down as the kernel rounds. */
  readonly mtime: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface OpenedImage {
  readonly fd: number;
  readonly facts: ImageFacts;
}

const { O_DIRECTORY, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
/** Not in node:fs: a descriptor that only stands for the file. The same number on all architectures of Linux. */
const O_PATH = 0o10000000;

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
 * the descriptor. Errors: those of lookAtImage, IMAGE_KIND, IMAGE_IN_USE for a device that the host has mounted.
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

/**
 * The directory of an image that is or is to be, for paths through the descriptor: nobody can lead those elsewhere.
 * Errors: those of lookAtImage; IMAGE_MISSING if there is no such directory.
 */
export function openDirectoryOf(name: ImageName, store: ImageStore): number {
  const { directory, hostPath, parts } = partsOf(name, store);
  try {
    return walk(directory, parts.slice(0, -1), O_PATH | O_DIRECTORY);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT')
      throw new UmlmonError('IMAGE_MISSING', { place: hostPath, cause: 'there is no such directory' });
    throw isSystemError(error) ? explain(error, hostPath, directory, parts.slice(0, -1)) : error;
  }
}

function openBelow(name: ImageName, store: ImageStore, flags: number): OpenedImage {
  const { directory, hostPath, parts } = partsOf(name, store);
  let fd = -1;
  try {
    fd = walk(directory, parts, flags);
    const facts = factsOf(fd, hostPath);
    if (!facts) throw linkError(hostPath, directory);
    return { fd, facts };
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    throw isSystemError(error) ? explain(error, hostPath, directory, parts) : error;
  }
}

function partsOf(name: ImageName, store: ImageStore) {
  const { directory, below } = placeOf(name, store);
  const [hostPath, parts] = [join(directory, below), below.split('/')];
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new UmlmonError('IMAGE_OUTSIDE', { place: hostPath, cause: 'the path is not in its plain form' });
  return { directory, hostPath, parts };
}

/** Opens what lies below a directory, the last part with `flags`. */
function walk(directory: string, parts: readonly string[], flags: number): number {
  let at = openSync(directory, O_PATH | O_DIRECTORY);
  for (const [i, part] of parts.entries()) {
    const from = at;
    const here = i === parts.length - 1 ? flags : O_PATH | O_DIRECTORY;
    try {
      at = openSync(`/proc/self/fd/${from}/${part}`, O_NOFOLLOW | here);
    } finally {
      closeSync(from);
    }
  }
  return at;
}

/** What is behind a descriptor; undefined for a symbolic link, which only O_PATH can open. */
function factsOf(fd: number, hostPath: string): ImageFacts | undefined {
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isSymbolicLink()) return undefined;
  const { uid, gid, mode } = { uid: Number(stat.uid), gid: Number(stat.gid), mode: Number(stat.mode) };
  const mtime = Number(stat.mtimeNs / 1_000_000_000n);
  const common = { hostPath, mtime, uid, gid, mode };
  if (!stat.isBlockDevice())
    return {
      ...common,
      id: `${stat.dev}:${stat.ino}`,
      kind: stat.isFile() ? 'file' : 'other',
      size: Number(stat.size),
    };
  const id = deviceId(stat.rdev);
  return { ...common, id, kind: 'block', size: deviceSize(id) };
}

/** `b8:1`: major and minor number (makedev(3)). */
export function deviceId(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return `b${major}:${minor}`;
}

/** Bytes of a block device, as sysfs tells it in sectors; 0 if there is no such device. */
export function deviceSize(id: string): number {
  try {
    return Number(readFileSync(`/sys/dev/block/${id.slice(1)}/size`, 'latin1')) * 512;
  } catch {
    return 0;
  }
}

/**
 * Locks belong to a node, and a device may have many. All programs that lock block devices do it on the node in
 * /dev (systemd.io/BLOCK_DEVICE_LOCKING), so it is opened instead of the jail's own; without it, that one serves.
 */
function toHostDevice(own: number, id: string, hostPath: string, mode: 'rw' | 'ro'): number {
  // Without O_CREAT, O_EXCL claims the device: it fails while the host has it mounted (open(2)).
  const flags = (mode === 'rw' ? O_RDWR | O_EXCL : O_RDONLY) | O_NONBLOCK | O_NOCTTY;
  try {
    const node = /^DEVNAME=([\w./!-]+)$/m.exec(
      readFileSync(`/sys/dev/block/${id.slice(1)}/uevent`, 'latin1'),
    )?.[1];
    const fd = openSync(node === undefined ? `/proc/self/fd/${own}` : `/dev/${node}`, flags);
    const stat = fstatSync(fd, { bigint: true });
    if (stat.isBlockDevice() && deviceId(stat.rdev) === id) {
      closeSync(own);
      return fd;
    }
    closeSync(fd);
  } catch (error) {
    if (isSystemError(error) && error.code === 'EBUSY') {
      closeSync(own);
      throw new UmlmonError('IMAGE_IN_USE', {
        place: hostPath,
        cause: `the host itself uses the block device ${id.slice(1)}`,
        hint: 'unmount it (see findmnt, swapon -s, dmsetup ls)',
      });
    }
  }
  return own;
}

function explain(
  error: NodeJS.ErrnoException,
  hostPath: string,
  directory: string,
  parts: readonly string[],
): Error {
  if (parts.some((_, i) => isLink(join(directory, ...parts.slice(0, i + 1)))))
    return linkError(hostPath, directory);
  const [words = ''] = error.message.split(', open');
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    return new UmlmonError('IMAGE_MISSING', { place: hostPath, cause: 'there is no such image on the host' });
  return new UmlmonError('HOST_SYSTEM_CALL', {
    place: hostPath,
    cause: `opening the image failed: ${words}`,
  });
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** Where a link leads is for the message only. */
function linkError(hostPath: string, directory: string): UmlmonError {
  let target: string;
  try {
    target = realpathSync(hostPath);
    if (!target.startsWith(`${realpathSync(directory)}/`))
      return new UmlmonError('IMAGE_OUTSIDE', {
        place: hostPath,
        cause: `the image is really ${target}, outside of the jail`,
        hint: hostPath.endsWith('.dev')
          ? 'make a device node with mknod instead of a link'
          : 'move it there instead of linking it',
      });
  } catch {
    target = isLink(hostPath) ? readlinkSync(hostPath) : 'nothing';
  }
  return new UmlmonError('IMAGE_LINK', {
    place: hostPath,
    cause: `a symbolic link is in the path; it leads to ${target}`,
    hint: 'name the file itself',
  });
}
