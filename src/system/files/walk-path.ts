import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { O_PATH } from './walk-beneath.ts';

/** The limit of the kernel on links in a path (path_resolution(7)). */
const linksMax = 40;

export interface OpenedPath {
  /** Opened with O_PATH, close-on-exec; the caller closes it. Usable as `/proc/self/fd/N`. */
  readonly fd: number;
  /** The path without links. */
  readonly path: string;
  readonly stat: Stats;
}

/** Each returns the reason to stop the walk, or undefined. */
export interface Judge {
  /** @param isPassed whether more of the path follows: then it is a directory on the way */
  pass(path: string, stat: Stats, isPassed: boolean): string | undefined;
  /** @param directory the one that the link is in */
  follow(path: string, link: Stats, directory: Stats): string | undefined;
}

/**
 * Opens the file of an absolute path step by step. Each directory and link on the path is opened, judged by its
 * descriptor, and then used, so that the judged object is the used one.
 *
 * @returns the file, or the reason of the judge
 * @throws NodeJS.ErrnoException if the file does not exist
 */
export function walkPath(path: string, judge: Judge): OpenedPath | string {
  if (!isAbsolute(path)) return `${path} is not an absolute path`;
  const rest = partsOf(path);
  let at = '/';
  let fd = openRoot();
  let links = 0;
  try {
    for (;;) {
      const stat = fstatSync(fd);
      const refusal = judge.pass(at, stat, rest.length > 0);
      if (refusal !== undefined) return refusal;
      const part = rest.shift();
      if (part === undefined) {
        const opened = { fd, path: at, stat };
        fd = -1;
        return opened;
      }
      if (part === '..') {
        // The parent directory was judged on the way down.
        rest.unshift(...partsOf(dirname(at)));
        [at, fd] = ['/', replace(fd, openRoot())];
        continue;
      }
      const next = openSync(`/proc/self/fd/${fd}/${part}`, O_PATH | constants.O_NOFOLLOW);
      const found = fstatSync(next);
      if (!found.isSymbolicLink()) {
        [at, fd] = [join(at, part), replace(fd, next)];
        continue;
      }
      closeSync(next);
      const distrust = judge.follow(join(at, part), found, stat);
      if (distrust !== undefined) return distrust;
      links += 1;
      if (links > linksMax) return `${path} leads through too many links`;
      const target = readlinkSync(`/proc/self/fd/${fd}/${part}`);
      rest.unshift(...partsOf(target));
      if (isAbsolute(target)) [at, fd] = ['/', replace(fd, openRoot())];
    }
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

function openRoot(): number {
  return openSync('/', O_PATH | constants.O_DIRECTORY);
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function replace(old: number, fresh: number): number {
  closeSync(old);
  return fresh;
}
