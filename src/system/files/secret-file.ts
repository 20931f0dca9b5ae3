import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isSystemError } from '../errors/errors.ts';
import { shellWord } from '../shell-word.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * The text of a file that only this user can access; undefined if missing. A file that other users can read or have created
 * is refused, and so is one of more than `bytesMax` bytes.
 *
 * @param refuse builds the error from a cause and an optional hint
 * @param readers a group whose members may also read it, if root owns it
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
        throw refuse('users other than its owner can read it', `chmod 600 ${shellWord(path)}`);
      if (size > bytesMax) throw refuse(`it has ${size} bytes; at most ${bytesMax} are allowed`);
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
