import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isSystemError } from '../errors/errors.ts';
import { shellWord } from '../shell-word.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * The text of a file that is this user's alone; undefined if there is none. One that others could read, or have made, is
 * refused, as is one of more than `bytesMax` bytes.
 *
 * @param refuse makes the error from a cause and perhaps a hint
 * @param readers a group whose members may read it too, if root has made it
 */
export function readSecretFile(
  path: string,
  bytesMax: number,
  refuse: (cause: string, hint?: string) => Error,
  readers?: number,
): string | undefined {
  try {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const { uid, gid, mode, size } = fstatSync(fd);
      const isShared = readers !== undefined && uid === 0 && gid === readers && (mode & 0o037) === 0;
      if (uid !== process.geteuid?.() && !isShared) throw refuse(`it belongs to uid ${uid}`);
      if ((mode & 0o077) !== 0 && !isShared)
        throw refuse('others than its owner may read it', `chmod 600 ${shellWord(path)}`);
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
