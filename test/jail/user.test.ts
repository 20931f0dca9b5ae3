import '../helpers/tiers/needs-host.ts';
import { userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { findGroup, findUser } from '../../src/jail/accounts.ts';
import { resolveGroup, resolveUser } from '../../src/jail/user.ts';

const passwd =
  'root:x:0:0::/root:/bin/sh\numl:x:999:998::/:\n\nbad:x:-1:5::/:\nworse:x:4294967295:1::/:\nshort:x\n';

describe('findUser', () => {
  test('finds by name and by number', () => {
    const uml = { name: 'uml', uid: 999, gid: 998 };
    expect(findUser(passwd, 'uml')).toEqual(uml);
    expect(findUser(passwd, '999')).toEqual(uml);
    expect(findUser(passwd, '998')).toBeUndefined();
    expect(findUser(passwd, '')).toBeUndefined();
  });

  test.each(['bad', 'worse', 'short'])('ignores the damaged entry %s', (name) => {
    expect(findUser(passwd, name)).toBeUndefined();
  });
});

describe('resolveUser', () => {
  test('knows a user of this host', async () => {
    expect(await resolveUser('nobody')).toEqual({ name: 'nobody', uid: 65_534, gid: 65_534 });
  });

  test.each(['root', '0', String(userInfo().uid)])('refuses %s', async (name) => {
    await expect(resolveUser(name)).rejects.toThrow(expect.objectContaining({ code: 'JAIL_USER_ROOT' }));
  });

  test.each(['no-such-user', '61999', '', '-h', 'a:b', 'a b', 'x\nroot'])(
    'does not know %j',
    async (name) => {
      await expect(resolveUser(name)).rejects.toThrow(expect.objectContaining({ code: 'JAIL_USER_UNKNOWN' }));
    },
  );
});

describe('groups', () => {
  test('are found by name and by number', async () => {
    const groups = 'root:x:0:\numl:x:998:a,b\nbad:x:-1:\n';
    expect(findGroup(groups, 'uml')).toBe(998);
    expect(findGroup(groups, '998')).toBe(998);
    expect(findGroup(groups, 'bad')).toBeUndefined();
    expect(await resolveGroup('nogroup')).toBe(65_534);
  });

  test.each(['no-such-group', '', '-h', 'a:b'])('%j is not known', async (name) => {
    await expect(resolveGroup(name)).rejects.toThrow(expect.objectContaining({ code: 'JAIL_GROUP_UNKNOWN' }));
  });
});
