/** Pure. */
import { highestRole, type Role } from '../../rpc/roles.ts';

/** Members of a group of the host have a role. */
export interface GroupRole {
  readonly gid: number;
  readonly role: Role;
}

/** Who is who at a control socket. */
export interface LocalUsers {
  /** The uid of the monitor. */
  readonly own: number;
  /** The uid of umlweb, if it has one of its own. */
  readonly web: number | undefined;
  /** The group whose members may use the control sockets. */
  readonly group: number | undefined;
  readonly groupRoles: readonly GroupRole[];
}

interface LocalUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/**
 * The role of a local user. Root and the monitor's own user have the role admin. Members of `group` have the highest role of
 * their groups in `group_roles`. They have view if they are in none of these, and admin if no group has a role. Other
 * users have no role, whatever the mode of the socket permits. umlweb has none either: it must name the user that it
 * acts for.
 */
export function localRole({ uid, gid, groups }: LocalUser, users: LocalUsers): Role | null {
  const { own, web, group, groupRoles } = users;
  if (uid === 0 || uid === own) return 'admin';
  const isIn = (one: number) => one === gid || groups.includes(one);
  if (uid === web || group === undefined || !isIn(group)) return null;
  if (groupRoles.length === 0) return 'admin';
  return highestRole(groupRoles.filter((one) => isIn(one.gid)).map(({ role }) => role)) ?? 'view';
}

/** The role up to which a local user may act for others; null: it may not. */
export function localCeiling({ uid }: LocalUser, { own, web }: LocalUsers): Role | null {
  return uid === 0 || uid === own || uid === web ? 'admin' : null;
}
