import type { Stats } from 'node:fs';
import { type OpenedPath, walkPath } from './walk-path.ts';

export type TrustedFile = OpenedPath;

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
  return walkPath(path, {
    pass: whyDistrusted,
    // In a directory with the sticky bit anybody may have made it.
    follow: (at, link) => (isOurs(link) ? undefined : `${at} is a link of user ${link.uid}`),
  });
}

/** @param isPassed whether more of the path follows: then it is a directory, and its sticky bit counts */
export function whyDistrusted(path: string, stat: Stats, isPassed: boolean): string | undefined {
  const { uid, mode } = stat;
  if (!isOurs(stat)) return `${path} belongs to user ${uid}`;
  const isSticky = isPassed && (mode & 0o1000) !== 0;
  if ((mode & 0o022) !== 0 && !isSticky) return `${path} can be written by others than its owner`;
  return undefined;
}

/** Whether a file belongs to root or the user of this process. */
export function isOurs({ uid }: Stats): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
