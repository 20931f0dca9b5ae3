/** Names of other objects of the host: umlmon does not restrict them. */
import { expect, test } from 'vitest';
import { parseVmAddress } from '../../../src/cli/remote/vm-address.ts';
import { parseInterface } from '../../../src/config/networks/values.ts';
import { isHostName, readHostName } from '../../../src/config/values/host-name.ts';
import { parseGroupRoles } from '../../../src/config/values/remote-values.ts';
import { parseIdMap, whyUnmapped } from '../../../src/jail/id-map.ts';

test.each([
  ['vms.example.org', 'vms.example.org'],
  ['build_host', 'build_host'],
  ['_dmarc', '_dmarc'],
  ['vms.example.org.', 'vms.example.org.'],
  ['10.0.0.1', '10.0.0.1'],
  ['rechner.müller.example', 'rechner.xn--mller-kva.example'],
  ['', undefined],
  ['-x', undefined],
  ['a b', undefined],
  ['a/b', undefined],
  ['$(x)', undefined],
  ['x'.repeat(254), undefined],
])('the host %j', (text, expected) => {
  const found = readHostName(text);
  expect(found).toBe(expected);
  if (found !== undefined) expect(isHostName(found)).toBe(true);
});

test('VMs of such hosts', () => {
  expect(parseVmAddress('vm1@müller.example:7001')).toEqual({
    vm: 'vm1',
    host: 'xn--mller-kva.example',
    port: 7001,
  });
  expect(parseVmAddress('vm1@fe80::1%ovs_br0')).toEqual({
    vm: 'vm1',
    host: 'fe80::1%ovs_br0',
    port: undefined,
  });
  expect(parseVmAddress('vm1@[fe80::1%ovs_br0]:7001')).toEqual({
    vm: 'vm1',
    host: 'fe80::1%ovs_br0',
    port: 7001,
  });
});

test.each(['br-lan', '_br0', 'ovs_br0', 'eth0.100', 'br+x', 'v@x', 'lan~1', '.x', 'brücke0'])(
  'the interface %s',
  (name) => {
    expect(parseInterface(name)).toEqual({ value: name });
  },
);

test.each(['-x', '.', '..', 'a b', 'a/b', 'a:b', 'a"b', 'eth*', 'a%d', 'a,b', 'brückebrückeab', 'all', 'lo'])(
  'no interface of ours: %s',
  (name) => {
    expect(parseInterface(name)).toHaveProperty('cause');
  },
);

test('groups with blanks, domains and quotes', () => {
  expect(
    parseGroupRoles(`view:"domain users" operate:CORP\\tutors  admin:'the admins' console:70000`),
  ).toEqual({
    value: [
      { role: 'view', group: 'domain users' },
      { role: 'operate', group: 'CORP\\tutors' },
      { role: 'admin', group: 'the admins' },
      { role: 'console', group: '70000' },
    ],
  });
  for (const text of ['view', 'view:', 'view:"x', 'view:a:b', 'view:"a"b', ':a', 'boss:a'])
    expect(parseGroupRoles(text), text).toHaveProperty('cause');
});

test('numbers that a user namespace has', () => {
  const map = parseIdMap('         0       1000          1\n         1     100000      65536\n');
  expect(whyUnmapped('uid', 0, map)).toBeUndefined();
  expect(whyUnmapped('uid', 65_536, map)).toBeUndefined();
  expect(whyUnmapped('uid', 65_537, map)).toBe(
    'the user namespace of this process does not map uid 65537; it maps 0, 1 to 65536',
  );
  expect(whyUnmapped('gid', 4_294_967_294, parseIdMap('0 0 4294967295\n'))).toBeUndefined();
});
