import { spawn } from 'node:child_process';
import { toolEnvironment } from '../environment.ts';
import { UmlmonError } from '../errors/errors.ts';
import { findProgram } from '../processes/find-program.ts';

/** How much of what rm(1) says is told. */
const wordsBytes = 2000;

/**
 * Removes an entry of an open directory with all that is in it, in a process of low priority while the event loop goes on.
 * Whoever filled it may have made it deeper than a path can be long, and may try to swap parts of it for links meanwhile:
 * rm(1) walks by descriptors and minds neither, unlike node:fs. Nobody leads it elsewhere by what he does to the
 * directories above.
 *
 * @param name of the entry, without a slash
 * @param path of the entry, for messages
 * @throws UmlmonError HOST_COMMAND with rm's words
 */
export function removeBelow(directory: number, name: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: string) => reject(new UmlmonError('HOST_COMMAND', { place: path, cause }));
    const find = (program: string) => findProgram(program, 'coreutils');
    const rm = [find('rm'), '-rf', '--one-file-system', '--', `/proc/self/fd/3/${name}`];
    const child = spawn(find('nice'), ['-n', '19', ...rm], {
      stdio: ['ignore', 'ignore', 'pipe', directory],
      env: toolEnvironment,
      cwd: '/',
    });
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
