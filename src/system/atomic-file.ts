import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/**
 * Replaces a file as a whole: readers see the old content or the new one; if `durable`, also after a crash of the
 * host. If that fails, e.g. on a full disk, the old file stays. The directory must be one that only trusted users
 * write to.
 */
export function replaceFile(path: string, content: string, mode: number, durable = true): void {
  const fresh = `${path}.new`;
  try {
    const fd = openSync(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
    try {
      // Unlike write(2), which is content with a part on a disk that becomes full.
      writeFileSync(fd, content);
      if (durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}
