import { highestRole, type Role } from '../../rpc/roles.ts';

/** Members of a group of the host have a role. */
export interface GroupRole {
  readonly gid: number;
  readonly role: Role;
}

interface LocalUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/**
 * What a local user may do who could open the control socket: root and the monitor's own user everything; members of
 * groups with roles the highest of these; and others everything if no group has a role, else look.
 */
export function localRole(
  { uid, gid, groups }: LocalUser,
  own: number,
  groupRoles: readonly GroupRole[],
): Role {
  if (uid === 0 || uid === own || groupRoles.length === 0) return 'admin';
  const theirs = groupRoles.filter((one) => one.gid === gid || groups.includes(one.gid));
  return highestRole(theirs.map(({ role }) => role)) ?? 'look';
}
