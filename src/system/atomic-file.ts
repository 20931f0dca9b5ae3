import { closeSync, constants, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/**
 * Replaces a file as a whole: readers see the old content or the new one; if `durable`, also after a crash of the
 * host. The directory must be one that only trusted users write to.
 */
export function replaceFile(path: string, content: string, mode: number, durable = true): void {
  const fresh = `${path}.new`;
  const fd = openSync(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
  try {
    writeSync(fd, content);
    if (durable) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(fresh, path);
}
