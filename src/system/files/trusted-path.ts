import { closeSync, type Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isSystemError } from '../errors/errors.ts';
import { Directory } from './held-directory.ts';
import { type OpenedPath, walkPath } from './walk-path.ts';

export type TrustedFile = OpenedPath;

/**
 * Opens what an absolute path leads to if nobody but root and the user of this process could have made it lead there,
 * or can change what it finds: the file, every directory above it, and every directory with a link on the way belong to
 * one of the two, and nobody else may write to them. In a directory with the sticky bit others cannot replace a directory
 * that is not theirs; a file or link there is not trusted, as others may have linked (link(2)) one that belongs to us.
 *
 * @returns the file, or in words why the path is not trusted
 * @throws NodeJS.ErrnoException where there is no such file
 */
export function openTrusted(path: string): TrustedFile | string {
  return walk(path, false);
}

/** @param goesOn whether the path will be gone on from: then it is a directory, and its sticky bit counts */
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
  return `${path} is in a directory to which others than its owner may write`;
}

/** Why a directory that is there, or is to be made, is not trusted; undefined if it is. Errors: those of the path. */
export function whyPlaceDistrusted(path: string): string | undefined {
  for (let at = path; ; at = dirname(at))
    try {
      const found = walk(at, at !== path);
      if (typeof found === 'string') return found;
      closeSync(found.fd);
      return undefined;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      // Others reasons than that it is missing are told by whoever makes it.
      if (error.code !== 'ENOENT') return undefined;
    }
}

/** The same of a directory, opened to be used. Errors: also ENOTDIR. */
export function openTrustedDirectory(path: string): Directory | string {
  const found = openTrusted(path);
  if (typeof found === 'string') return found;
  try {
    return Directory.at(found.fd, found.path);
  } finally {
    closeSync(found.fd);
  }
}

/** The same of a directory that is made, with those above it, where it is missing. @param mode of new ones */
export function makeTrustedDirectory(path: string, mode: number): Directory | string {
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
    const directory = Directory.at(above.fd, above.path);
    try {
      // Where the sticky bit lets others be before us, it is seen whose it is.
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
  return isOpenToOthers(stat) && !isSticky ? `${path} can be written by others than its owner` : undefined;
}

function isOpenToOthers({ mode }: Stats): boolean {
  return (mode & 0o022) !== 0;
}

/** Whether a file belongs to root or the user of this process. */
export function isOurs({ uid }: Stats): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
