import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ImageFacts } from '../../disk/names/open-image.ts';
import { mayAccess } from '../../system/files/permissions.ts';

/** The topmost directory on the way to an image that a user cannot enter; undefined if it can enter all. */
export function closedOnWay(
  { hostPath, way }: ImageFacts,
  user: { readonly uid: number; readonly gid: number },
): string | undefined {
  const closed = way.findIndex((directory) => !mayAccess(directory, user, 1));
  if (closed < 0) return undefined;
  let path = hostPath;
  for (let i = way.length; i > closed; i--) path = dirname(path);
  return path;
}

/**
 * The topmost directory on the way to `path` that a user cannot enter; undefined if all can be entered or `path` is missing.
 *
 * @param from a directory on the way, if those below it are all that counts
 */
export function closedDirectory(
  path: string,
  user: { readonly uid: number; readonly gid: number },
  from = '',
): string | undefined {
  const parent = dirname(path);
  if (parent === path || parent === from) return undefined;
  const above = closedDirectory(parent, user, from);
  if (above !== undefined) return above;
  const stat = statSync(parent, { throwIfNoEntry: false });
  return stat && !mayAccess(stat, user, 1) ? parent : undefined;
}
