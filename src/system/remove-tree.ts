import { execFileSync } from 'node:child_process';
import { rmdirSync, rmSync } from 'node:fs';
import { isSystemError } from './errors.ts';

/**
 * Removes a file, or a directory with all that is in it; nothing if it is not there. Whoever filled the directory may
 * have made it deeper than a path can be long, and may try to swap parts of it for links meanwhile: rm(1) walks by
 * descriptors and minds neither, unlike node:fs.
 *
 * @throws Error with rm's words
 */
export function removeTree(path: string): void {
  try {
    rmdirSync(path);
    return;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT') return;
    if (error.code === 'ENOTDIR') {
      rmSync(path, { force: true });
      return;
    }
    if (error.code !== 'ENOTEMPTY') throw error;
  }
  execFileSync('rm', ['-rf', '--one-file-system', '--', path], {
    encoding: 'utf8',
    stdio: 'pipe',
    env: { PATH: '/usr/bin:/bin' },
  });
}
