import { execFileSync, spawn } from 'node:child_process';
import { rmdirSync, rmSync } from 'node:fs';
import { toolEnvironment } from './environment.ts';
import { isSystemError, UmlmonError } from './errors.ts';
import { findProgram } from './find-program.ts';

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
  execFileSync(findProgram('rm', 'coreutils'), ['-rf', '--one-file-system', '--', path], {
    encoding: 'utf8',
    stdio: 'pipe',
    env: toolEnvironment,
  });
}

/** How much of what rm(1) says is told. */
const wordsBytes = 2000;

/**
 * The same for an entry of an open directory, in a process of its own while the event loop goes on: nobody leads it
 * elsewhere by what he does to the directories above.
 *
 * @param name of the entry, without a slash
 * @param path of the entry, for messages
 * @throws UmlmonError HOST_COMMAND with rm's words
 */
export function removeBelow(directory: number, name: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: string) => reject(new UmlmonError('HOST_COMMAND', { place: path, cause }));
    const child = spawn(
      findProgram('rm', 'coreutils'),
      ['-rf', '--one-file-system', '--', `/proc/self/fd/3/${name}`],
      {
        stdio: ['ignore', 'ignore', 'pipe', directory],
        env: toolEnvironment,
        cwd: '/',
      },
    );
    let words = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      words = (words + bytes.toString()).slice(0, wordsBytes);
    });
    child.once('error', (error) => fail(error.message));
    child.once('close', (status, signal) => {
      if (status === 0) resolve();
      else
        fail(
          `rm ended with ${signal ?? `status ${status}`}: ${words.trim().replaceAll('/proc/self/fd/3/', '')}`,
        );
    });
  });
}
