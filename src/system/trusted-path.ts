import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { O_PATH } from './directory.ts';

/** As the kernel's own limit on links in a path (path_resolution(7)). */
const linksMax = 40;

export interface TrustedFile {
  /** Opened with O_PATH, close-on-exec; the caller closes it. Usable as `/proc/self/fd/N`. */
  readonly fd: number;
  /** The path without links. */
  readonly path: string;
  readonly stat: Stats;
}

/**
 * Opens what an absolute path leads to if nobody but root and the user of this process could have made it lead there,
 * or can change what it finds: the file, every directory above it, and every directory with a link on the way belong to
 * one of the two, and nobody else may write to them. In a directory with the sticky bit others cannot replace what is
 * not theirs.
 *
 * @returns the file, or in words why the path is not trusted
 * @throws NodeJS.ErrnoException where there is no such file
 */
export function openTrusted(path: string): TrustedFile | string {
  if (!isAbsolute(path)) return `${path} is not an absolute path`;
  const rest = partsOf(path);
  let at = '/';
  let fd = openSync('/', O_PATH | constants.O_DIRECTORY);
  let links = 0;
  try {
    for (;;) {
      const stat = fstatSync(fd);
      const distrust = whyDistrusted(at, stat, rest.length > 0);
      if (distrust !== undefined) return distrust;
      const part = rest.shift();
      if (part === undefined) {
        const trusted = { fd, path: at, stat };
        fd = -1;
        return trusted;
      }
      if (part === '..') {
        // What lies above was looked at on the way down.
        rest.unshift(...partsOf(dirname(at)));
        [at, fd] = ['/', replace(fd, openSync('/', O_PATH | constants.O_DIRECTORY))];
        continue;
      }
      const next = openSync(`/proc/self/fd/${fd}/${part}`, O_PATH | constants.O_NOFOLLOW);
      const found = fstatSync(next);
      if (!found.isSymbolicLink()) {
        [at, fd] = [join(at, part), replace(fd, next)];
        continue;
      }
      closeSync(next);
      // In a directory with the sticky bit anybody may have made it.
      if (!isOurs(found)) return `${join(at, part)} is a link of user ${found.uid}`;
      links += 1;
      if (links > linksMax) return `${path} leads through too many links`;
      const target = readlinkSync(`/proc/self/fd/${fd}/${part}`);
      rest.unshift(...partsOf(target));
      if (isAbsolute(target)) [at, fd] = ['/', replace(fd, openSync('/', O_PATH | constants.O_DIRECTORY))];
    }
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function replace(old: number, fresh: number): number {
  closeSync(old);
  return fresh;
}

/** @param isPassed whether more of the path follows: then it is a directory, and its sticky bit counts */
function whyDistrusted(path: string, stat: Stats, isPassed: boolean): string | undefined {
  const { uid, mode } = stat;
  if (!isOurs(stat)) return `${path} belongs to user ${uid}`;
  const isSticky = isPassed && (mode & 0o1000) !== 0;
  if ((mode & 0o022) !== 0 && !isSticky) return `${path} can be written by others than its owner`;
  return undefined;
}

function isOurs({ uid }: Stats): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
