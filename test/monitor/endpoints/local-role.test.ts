import { describe, expect, test } from 'vitest';
import {
  type GroupRole,
  type LocalUsers,
  localCeiling,
  localRole,
} from '../../../src/monitor/endpoints/local-role.ts';

const groupRoles: GroupRole[] = [
  { gid: 100, role: 'console' },
  { gid: 200, role: 'operate' },
];
const group = 60;
const users: LocalUsers = { own: 900, web: 800, group, groupRoles };

describe('the role of a local user', () => {
  const user = (gid: number, groups: number[] = []) =>
    localRole({ uid: 1000, gid, groups: [group, ...groups] }, users);

  test('is the highest of those of its groups', () => {
    expect(user(100)).toBe('console');
    expect(user(5, [100, 7])).toBe('console');
    expect(user(100, [200])).toBe('operate');
    expect(user(5, [6])).toBe('view');
  });

  test('is admin for root, the user of the monitor, and members of the group if no group has a role', () => {
    expect(localRole({ uid: 0, gid: 5, groups: [] }, users)).toBe('admin');
    expect(localRole({ uid: 900, gid: 5, groups: [] }, users)).toBe('admin');
    expect(localRole({ uid: 1000, gid: group, groups: [] }, { ...users, groupRoles: [] })).toBe('admin');
  });

  test('is null for a user outside of the group, whatever the mode of the socket', () => {
    for (const roles of [groupRoles, []])
      for (const its of [group, undefined])
        expect(
          localRole({ uid: 1000, gid: 5, groups: [100, 200] }, { ...users, group: its, groupRoles: roles }),
        ).toBeNull();
  });

  test('is null for umlweb, whatever its groups; it may act for other users, as root and the own user may', () => {
    expect(localRole({ uid: 800, gid: group, groups: [200] }, users)).toBeNull();
    const ceilings = [0, 900, 800, 1000].map((uid) => localCeiling({ uid, gid: group, groups: [] }, users));
    expect(ceilings).toEqual(['admin', 'admin', 'admin', null]);
  });
});
