import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError } from '../errors/errors.ts';

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = constants;

/**
 * Replaces a file as a whole: readers see the old content or the new one; if `durable`, also after a crash of the
 * host. If that fails, for example on a full disk, the old file remains. Only trusted users may have write permission for
 * the directory. With an `owner`, the file has this owner and exactly this mode, independent of the umask.
 */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  mode: number,
  durable = true,
  owner?: { readonly uid: number; readonly gid: number },
): void {
  const fresh = `${path}.new`;
  try {
    const fd = openSync(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
    try {
      // Unlike write(2), which may write only a part on a full disk.
      writeFileSync(fd, content);
      if (owner) {
        fchownSync(fd, owner.uid, owner.gid);
        fchmodSync(fd, mode & 0o7777);
      }
      if (durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(fresh, path);
    if (durable) keepNames(dirname(path));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/**
 * Syncs the names in a directory to the disk: after a crash of the host, a renamed file has its new name. Does nothing
 * if the directory cannot be opened for reading, or if its file system does not support it (EINVAL). Errors: EIO, ENOSPC, …
 */
export function keepNames(directory: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(directory, O_RDONLY | O_DIRECTORY);
    fsyncSync(fd);
  } catch (error) {
    if (!isSystemError(error) || !['EACCES', 'EINVAL'].includes(error.code ?? '')) throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
