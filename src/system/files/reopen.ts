import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opens the file of a descriptor again, independent of its name, for the asynchronous calls of node:fs.
 * The descriptor stays open. Errors: EACCES if the permissions of this process do not suffice for `flags`.
 *
 * @param flags of open(2)
 */
export function reopen(fd: number, flags: number): Promise<FileHandle> {
  return open(`/proc/self/fd/${fd}`, flags);
}
