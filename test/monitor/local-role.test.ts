import { describe, expect, test } from 'vitest';
import { type GroupRole, localRole } from '../../src/monitor/endpoints/local-role.ts';

describe('the role of a local user', () => {
  const groupRoles: GroupRole[] = [
    { gid: 100, role: 'console' },
    { gid: 200, role: 'operate' },
  ];
  const user = (gid: number, groups: number[] = []) => localRole({ uid: 1000, gid, groups }, 900, groupRoles);

  test('is the highest of those of its groups', () => {
    expect(user(100)).toBe('console');
    expect(user(5, [100, 7])).toBe('console');
    expect(user(100, [200])).toBe('operate');
    expect(user(5, [6])).toBe('look');
  });

  test('is admin for root, the user of the monitor, and everybody if no group has a role', () => {
    expect(localRole({ uid: 0, gid: 5, groups: [] }, 900, groupRoles)).toBe('admin');
    expect(localRole({ uid: 900, gid: 5, groups: [] }, 900, groupRoles)).toBe('admin');
    expect(localRole({ uid: 1000, gid: 5, groups: [] }, 900, [])).toBe('admin');
  });
});
