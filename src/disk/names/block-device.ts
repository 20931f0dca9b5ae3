/** Block devices of the host, by their numbers. The paths here are the kernel's own, where no user can make names. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';

const { O_EXCL, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** `b8:1`: major and minor number (makedev(3)). */
export function deviceId(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return `b${major}:${minor}`;
}

/** Bytes of a block device, from its sectors in sysfs; 0 if the device does not exist. */
export function deviceSize(id: string): number {
  try {
    return Number(readFileSync(`/sys/dev/block/${id.slice(1)}/size`, 'latin1')) * 512;
  } catch {
    return 0;
  }
}

/**
 * Locks belong to a node, and a device may have many nodes. All programs that lock block devices use the node in /dev
 * (systemd.io/BLOCK_DEVICE_LOCKING), so that one is opened instead of the jail's. If it is missing, the jail's is used.
 *
 * @param own descriptor of the jail's node, which is closed if another one takes its place
 * @throws UmlmonError IMAGE_IN_USE for `rw` of a device that the host has mounted
 */
export function toHostDevice(own: number, id: string, hostPath: string, mode: 'rw' | 'ro'): number {
  // Without O_CREAT, O_EXCL claims the device: it fails while the host has it mounted (open(2)).
  const flags = (mode === 'rw' ? O_RDWR | O_EXCL : O_RDONLY) | O_NONBLOCK | O_NOCTTY;
  try {
    const node = /^DEVNAME=(.+)$/m.exec(readFileSync(`/sys/dev/block/${id.slice(1)}/uevent`, 'latin1'))?.[1];
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
        cause: `the host uses the block device ${id.slice(1)}`,
        hint: 'unmount it (see findmnt, swapon -s, dmsetup ls)',
      });
    }
  }
  return own;
}
