/** Opening paths below a directory without openat2(2), where a seccomp filter forbids that call. */
import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { constants as os } from 'node:os';
import { isSystemError } from '../errors/errors.ts';

const { O_DIRECTORY, O_NOFOLLOW } = constants;
/** Missing in node:fs: a descriptor that only refers to the file. The number is the same on all architectures of Linux. */
export const O_PATH = 0o10000000;

const exdev = { code: 'EXDEV', errno: -os.errno.EXDEV, syscall: 'open' };
const eloop = { code: 'ELOOP', errno: -os.errno.ELOOP, syscall: 'open' };

/**
 * Opens a file below the directory of a descriptor, as openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS does, one
 * name after the other. No symbolic link is followed, links of /proc included. `..`, which alone could lead out, is
 * refused.
 *
 * Errors: EXDEV, ELOOP, and those of openSync.
 *
 * @param flags of open(2)
 * @param mode permission bits of a new file, less those of the umask
 */
export function walkBeneath(directory: number, path: string, flags: number, mode: number): number {
  const names = path.split('/');
  if (path.startsWith('/') || path.includes('\0') || names.includes('..'))
    throw Object.assign(new Error('EXDEV: not a path below a directory, open'), exdev);
  let at = directory;
  try {
    for (const [i, name] of names.entries()) {
      const isLast = i === names.length - 1;
      if (!isLast && (name === '' || name === '.')) continue;
      const next = openUnlinked(at, name, isLast ? flags : O_PATH | O_DIRECTORY, mode);
      if (isLast) return next;
      if (at !== directory) closeSync(at);
      at = next;
    }
    throw new Error('a path has a last name');
  } finally {
    if (at !== directory) closeSync(at);
  }
}

/** Opens an entry, which must not be a link. Errors: ELOOP. */
function openUnlinked(directory: number, name: string, flags: number, mode: number): number {
  const path = `/proc/self/fd/${directory}/${name}`;
  const isLink = () => Object.assign(new Error('ELOOP: too many symbolic links encountered, open'), eloop);
  let fd: number;
  try {
    fd = openSync(path, flags | O_NOFOLLOW, mode);
  } catch (error) {
    // A link instead of a directory: this check is for the message only.
    if (isSystemError(error) && error.code === 'ENOTDIR' && isLinkNow(path)) throw isLink();
    throw error;
  }
  // With O_PATH, the link itself is opened.
  if (!fstatSync(fd).isSymbolicLink()) return fd;
  closeSync(fd);
  throw isLink();
}

function isLinkNow(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
