import { describe, expect, test } from 'vitest';
import { sharedGroup } from '../../src/jail/accounts.ts';
import { requirePrivateGroup } from '../../src/jail/private-group.ts';

const passwd = `root:x:0:0::/:
sync:x:4:65534::/:
uml-vm1:x:999:998::/:
alias:x:999:998::/:
uml-vm2:x:997:65534::/:
uml-vm3:x:996:100::/:
uml-vm4:x:995:995::/:
uml-vm5:x:994:6::/:
uml-vm6:x:993:993::/:
other:x:992:993::/:
uml-vm7:x:991:0::/:
+::::::
`;
const group = `root:x:0:
uml-vm1:x:998:
uml-vm1:x:998:alias,uml-vm1
disk:x:6:
users:x:100:
uml-vm4:x:995:uml-vm4,mallory
uml-vm6:x:993:
nogroup:x:65534:
twice:x:990:eve
uml-vm8:x:990:
`;
const shared = (name: string, uid: number, gid: number) => sharedGroup({ name, uid, gid }, { passwd, group });

describe('a group is private', () => {
  test('if it has the name of its only user, who may have several names', () => {
    expect(shared('uml-vm1', 999, 998)).toBeUndefined();
    expect(shared('alias', 999, 998)).toBeUndefined();
  });

  test('if its number has no name', () => {
    expect(shared('61000', 61_000, 61_000)).toBeUndefined();
  });

  test.each([
    ['the primary group of others', shared('uml-vm2', 997, 65_534), /nogroup \(gid 65534\) .* sync$/],
    ['of the right name, but that of another account', shared('uml-vm6', 993, 993), /other$/],
    ['with a member', shared('uml-vm4', 995, 995), /mallory$/],
    [
      'of many, who are not here',
      shared('uml-vm3', 996, 100),
      /users \(gid 100\) does not have the name of the user/,
    ],
    ['of devices', shared('uml-vm5', 994, 6), /disk \(gid 6\) does not have the name of the user/],
    ['of root', shared('uml-vm7', 991, 0), /the group of root/],
    [
      'of root, without a name',
      sharedGroup({ name: 'a', uid: 1, gid: 0 }, { passwd: '', group: '' }),
      /root/,
    ],
    ['with a second name, which has a member', shared('uml-vm8', 1, 990), /twice \(gid 990\) .* eve$/],
  ])('but not one %s', (_what, why, expected) => {
    expect(why).toMatch(expected);
  });
});

test('a host without private groups is refused, with a hint that names the VM', async () => {
  await expect(requirePrivateGroup({ name: 'nobody', uid: 65_534, gid: 65_534 }, 'vm1')).rejects.toThrow(
    expect.objectContaining({ code: 'JAIL_GROUP_SHARED', hint: 'umladmin user vm1' }),
  );
});
