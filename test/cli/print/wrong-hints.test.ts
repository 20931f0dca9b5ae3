/** Hints that once harmed, or did not fit where they were printed. */
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { unkeptLimits } from '../../../src/monitor/program/own-cgroup.ts';
import { checkTap } from '../../../src/plan/checks/check-transport.ts';
import { NetNamespace } from '../../helpers/host/net-namespace.ts';
import { program, World } from '../../helpers/programs/world.ts';

const world = new World();
afterAll(() => world.close());

describe('an interface of the host is never to be deleted, if it could be in use', () => {
  const links = [
    { name: 'eth0', alias: '', kind: '', addresses: ['192.0.2.1'] },
    { name: 'mine', alias: '', kind: 'tun', addresses: [], tapOwner: 1000 },
    { name: 'tap0', alias: 'umlmon:vm2/eth0', kind: 'tun', addresses: [], tapOwner: 1000 },
  ];
  const host = { links } as unknown as Parameters<typeof checkTap>[1];

  test.each(['eth0', 'mine', 'tap0'])('ifname=%s: another tap, with a name that is free', (name) => {
    expect(checkTap(name, host, 39)).toEqual([
      expect.objectContaining({
        hint: 'create another and set ifname to its name: ip tuntap add dev tap1 mode tap user 39 vnet_hdr; ip link set tap1 up',
      }),
    ]);
  });

  test('proxy_if', () => {
    const net = new NetNamespace();
    try {
      for (const line of [
        'ip link add wan0 type bridge',
        'ip link set wan0 up',
        'ip tuntap add dev idle0 mode tap',
      ])
        net.run(line);
      for (const [name, hint] of [
        ['wan0', 'choose another name, because umlmon creates this interface'],
        ['idle0', 'choose another name, or if no program uses this tap: ip link delete idle0'],
      ] as const) {
        const there = new World(net.name);
        there.configure({
          vm1: `ubd0 = /disks/root.dsk\neth0 = host_to_host(proxy_if=${name}, proxy_addr=10.9.0.1, guest_addr=10.9.0.2)`,
        });
        expect(there.run('umlmon', ['-check', 'vm1']).stderr).toContain(`(hint: ${hint})`);
        if (name === 'idle0') {
          net.run(hint.split(': ')[1] ?? '');
          expect(there.run('umlmon', ['-check', 'vm1']).stderr).not.toContain('already');
        }
        void there.close();
      }
    } finally {
      net.close();
    }
  });
});

test.each([
  [
    '/system.slice/system-umlmon.slice/umlmon@vm1.service',
    true,
    'systemctl daemon-reload; systemctl restart umlmon@vm1',
  ],
  [
    '/user.slice/session-1.scope',
    true,
    'have systemd run the monitor: umladmin stop vm1; systemctl daemon-reload; systemctl start umlmon@vm1',
  ],
  ['/', false, expect.stringContaining('systemd keeps these limits, and does not run on this host')],
])('limits that nothing keeps, in %s', (path, hasSystemd, hint) => {
  const vm = { name: 'vm1', memory_max: 2 ** 29, cpu_weight: 100 };
  expect(unkeptLimits(vm, { path, memoryMax: 'max', cpuWeight: '100' }, hasSystemd)?.hint).toEqual(hint);
});

test.each([
  [['remove', 'web1'], 'unknown command "remove" (hint: umladmin -help lists all commands)'],
  [['password', 'vm1', '-role'], 'password -role needs a ROLE (hint: use: password'],
  [['disk', 'create', '/disks/a.dsk'], 'disk create: "/disks/a.dsk" may be an image of any VM'],
])('a usage error names what was typed: umladmin %j', (args, message) => {
  const { status, stderr } = world.run('umladmin', args);
  expect(stderr).toContain(`umladmin: ${message}`);
  expect(status).toBe(2);
});

test.each(['umlmon', 'umlwatch', 'umladmin', 'umldir', 'umlrun', 'umlweb'] as const)(
  'errors of %s have its name first',
  (name) => {
    for (const [args, env] of [
      [['-nonsense'], {}],
      [
        [
          '-config',
          '/nowhere/umlmon.ini',
          ...(name === 'umlwatch'
            ? ['vm1', '-info']
            : name === 'umladmin'
              ? ['list']
              : name === 'umlrun'
                ? ['-image', '/nowhere', '--', 'true']
                : name === 'umlmon'
                  ? ['vm1']
                  : []),
        ],
        {},
      ],
      [['-version'], { OPENSSL_CONF: '/nowhere' }],
    ] as const) {
      const { stderr } = spawnSync(program(name), args, {
        encoding: 'utf8',
        env: { ...process.env, ...env },
        timeout: 20_000,
      });
      for (const line of stderr.trimEnd().split('\n'))
        if (line !== '') expect(line).toMatch(new RegExp(`^(?:${name}: |/nowhere)`));
    }
    expect(basename(program(name))).toBe(`${name}.cjs`);
  },
);
