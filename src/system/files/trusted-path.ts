import { closeSync, type Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isSystemError } from '../errors/errors.ts';
import { HeldDirectory } from './held-directory.ts';
import { type OpenedPath, walkPath } from './walk-path.ts';

export type TrustedFile = OpenedPath;

/**
 * Opens the file of an absolute path if only root and the user of this process control the path and the file.
 * The file, all directories above it, and all directories with a link on the path belong to one of the two.
 * No other user may write to them. In a directory with the sticky bit, other users cannot replace a
 * directory of these two. A file or link there is not trusted: other users may have created it with link(2).
 *
 * @returns the file, or the reason for which the path is not trusted
 * @throws NodeJS.ErrnoException if the file does not exist
 */
export function openTrusted(path: string): TrustedFile | string {
  return walk(path, false);
}

/** @param goesOn whether the caller continues below the path: then it is a directory, and its sticky bit counts */
function walk(path: string, goesOn: boolean): TrustedFile | string {
  let above: Stats | undefined;
  return walkPath(path, {
    pass: (at, stat, isPassed) => {
      if (above && isOpenToOthers(above) && !stat.isDirectory()) return amongOthers(at);
      above = stat;
      return whyDistrusted(at, stat, goesOn || isPassed);
    },
    follow: (at, _link, directory) => (isOpenToOthers(directory) ? amongOthers(at) : undefined),
  });
}

function amongOthers(path: string): string {
  return `${path} is in a directory that users other than its owner can write to`;
}

/** Why an existing or new directory is not trusted; undefined if it is. Errors: those of the path. */
export function whyPlaceDistrusted(path: string): string | undefined {
  for (let at = path; ; at = dirname(at))
    try {
      const found = walk(at, at !== path);
      if (typeof found === 'string') return found;
      closeSync(found.fd);
      return undefined;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      // Errors other than ENOENT are reported when the directory is created.
      if (error.code !== 'ENOENT') return undefined;
    }
}

/** Opens a trusted directory. Errors: also ENOTDIR. */
export function openTrustedDirectory(path: string): HeldDirectory | string {
  const found = openTrusted(path);
  if (typeof found === 'string') return found;
  try {
    return HeldDirectory.at(found.fd, found.path);
  } finally {
    closeSync(found.fd);
  }
}

/** Opens a trusted directory, created with its parents if missing. @param mode of new ones */
export function makeTrustedDirectory(path: string, mode: number): HeldDirectory | string {
  const distrust = makeMissing(path, mode);
  return distrust ?? openTrustedDirectory(path);
}

function makeMissing(path: string, mode: number): string | undefined {
  try {
    const found = walk(path, true);
    if (typeof found === 'string') return found;
    closeSync(found.fd);
    return undefined;
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ENOENT') throw error;
  }
  const distrust = makeMissing(dirname(path), mode);
  if (distrust !== undefined) return distrust;
  const above = walk(dirname(path), true);
  if (typeof above === 'string') return above;
  try {
    const directory = HeldDirectory.at(above.fd, above.path);
    try {
      // In a sticky directory, another user may have created it first: its owner is checked.
      directory.makeDirectory(basename(path), mode).close();
    } finally {
      directory.close();
    }
  } finally {
    closeSync(above.fd);
  }
  return undefined;
}

/** @param isPassed whether more of the path follows: then it is a directory, and its sticky bit counts */
export function whyDistrusted(path: string, stat: Stats, isPassed: boolean): string | undefined {
  if (!isOurs(stat)) return `${path} belongs to user ${stat.uid}`;
  const isSticky = isPassed && (stat.mode & 0o1000) !== 0;
  return isOpenToOthers(stat) && !isSticky ? `${path} is writable by users other than its owner` : undefined;
}

function isOpenToOthers({ mode }: Stats): boolean {
  return (mode & 0o022) !== 0;
}

/** Whether a file belongs to root or the user of this process. */
export function isOurs({ uid }: Stats): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
