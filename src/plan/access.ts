/** Permission bits as the kernel applies them (fs/namei.c, acl_permission_check), without supplementary groups. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Permissions {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** `want` is the sum of 4 (read), 2 (write) and 1 (execute, or pass through a directory). */
export function mayAccess(
  { uid, gid, mode }: Permissions,
  user: { readonly uid: number; readonly gid: number },
  want: number,
): boolean {
  const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
  return ((mode >> shift) & want) === want;
}

/**
 * The topmost directory on the way to `path` that a user cannot pass; undefined if there is none, or no such path.
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
