import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isSystemError } from './errors.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * The text of a file that is this user's alone; undefined if there is none. One that others could read, or have made, is
 * refused, as is one of more than `bytesMax` bytes.
 *
 * @param refuse makes the error from a cause and perhaps a hint
 */
export function readSecretFile(
  path: string,
  bytesMax: number,
  refuse: (cause: string, hint?: string) => Error,
): string | undefined {
  try {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const { uid, mode, size } = fstatSync(fd);
      if (uid !== process.geteuid?.()) throw refuse(`it belongs to uid ${uid}`);
      if ((mode & 0o077) !== 0) throw refuse('others than its owner may read it', `chmod 600 ${path}`);
      if (size > bytesMax) throw refuse(`it has ${size} bytes, too many`);
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT') return undefined;
    throw refuse(error.message);
  }
}
