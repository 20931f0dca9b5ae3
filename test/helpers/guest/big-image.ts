import { closeSync, fchownSync, openSync, writeSync } from 'node:fs';
import { vmUid } from '../programs/world.ts';

/** So much that a program is in the middle of it when it is interrupted. */
export const bigBytes = 512 * 2 ** 20;

/** An image without zeros, which a conversion would make holes of. */
export function writeBigImage(path: string): void {
  const fd = openSync(path, 'wx', 0o600);
  const part = Buffer.alloc(2 ** 20, 0x5a);
  for (let at = 0; at < bigBytes; at += part.length) writeSync(fd, part);
  // Of the user of the VM, as images are.
  fchownSync(fd, vmUid, vmUid);
  closeSync(fd);
}
