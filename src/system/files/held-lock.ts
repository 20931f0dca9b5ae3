import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { lock } from '../native/native.ts';

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

/**
 * Takes the lock of a file, which is made where it is missing (mode 0600), for a process that inherits the descriptor and
 * must not write to the file. An exclusive lock is taken first, on a descriptor that is open for writing, as flock(2) wants
 * it on NFS; then a shared one, which `heldLock` sees, too, on another that is open for reading only.
 *
 * @returns the descriptor for reading, which the caller closes; undefined if another process has the lock
 * @throws NodeJS.ErrnoException of open(2) and flock(2)
 */
export function lockReadOnly(path: string): number | undefined {
  const { O_CREAT, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;
  const writable = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  let readable: number | undefined;
  try {
    // Between its exclusive and its shared lock, another process may have looked, or taken it: then both are refused.
    if (!lock(writable, 'exclusive') || !lock(writable, 'shared')) return undefined;
    readable = openSync(`/proc/self/fd/${writable}`, O_RDONLY);
    if (!lock(readable, 'shared')) return undefined;
    const locked = readable;
    readable = undefined;
    return locked;
  } finally {
    if (readable !== undefined) closeSync(readable);
    closeSync(writable);
  }
}
