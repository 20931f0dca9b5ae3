import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { lock } from '../native/native.ts';

/**
 * The lock file if another process holds its lock. It takes the lock for a moment, so no other process may be about to
 * take it.
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
 * Takes the lock of a file, which is created if missing (mode 0600), for a process that inherits the descriptor and
 * must not write to the file. It first takes an exclusive lock, on a descriptor open for writing, as flock(2) requires
 * on NFS. Then it takes a shared one, which `heldLock` also detects, on a descriptor open for reading only.
 *
 * @returns the descriptor for reading, which the caller closes; undefined if another process holds the lock
 * @throws NodeJS.ErrnoException of open(2) and flock(2)
 */
export function lockReadOnly(path: string): number | undefined {
  const { O_CREAT, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;
  const writable = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  let readable: number | undefined;
  try {
    // Another process may have checked or taken the lock between its exclusive and its shared lock: then both are refused.
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
