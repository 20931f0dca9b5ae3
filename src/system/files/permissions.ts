/** Permission bits as the kernel applies them (fs/namei.c, acl_permission_check), without supplementary groups. */
export interface Permissions {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** @param want sum of 4 (read), 2 (write) and 1 (execute, or search a directory) */
export function mayAccess(
  { uid, gid, mode }: Permissions,
  user: { readonly uid: number; readonly gid: number },
  want: number,
): boolean {
  const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
  return ((mode >> shift) & want) === want;
}
