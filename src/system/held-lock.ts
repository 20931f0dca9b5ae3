import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { lock } from './native.ts';

/**
 * The lock file if somebody holds the lock of `lock`. For a moment the lock is ours: only for who knows that nobody is
 * about to take it.
 */
export function heldLock(path: string): Stats | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch {
    return undefined; // No lock file: there was no start yet.
  }
  try {
    return lock(fd, 'exclusive') ? undefined : fstatSync(fd);
  } finally {
    closeSync(fd);
  }
}
