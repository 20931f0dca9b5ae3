import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opens the file behind a descriptor once more, whatever has become of its name, for the asynchronous calls of node:fs.
 * The descriptor stays open. Errors: EACCES where the rights of this process do not suffice for `flags`.
 *
 * @param flags of open(2)
 */
export function reopen(fd: number, flags: number): Promise<FileHandle> {
  return open(`/proc/self/fd/${fd}`, flags);
}
