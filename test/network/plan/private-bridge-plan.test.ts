import '../../helpers/tiers/needs-host.ts';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type NatRequest,
  type PortForward,
  planForwards,
  planNat,
} from '../../../src/network/plan/nat-plan.ts';
import {
  type IpWords,
  joinCommands,
  type PrivateBridgePlan,
  planPrivateBridge,
} from '../../../src/network/plan/private-bridge-plan.ts';

const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
const unique = `${process.pid}`;
/** A host and two machines, which stand for guests; and one outside. */
const names = ['host', 'a', 'b', 'out'] as const;
type Name = (typeof names)[number];
const namespace = (name: Name) => `umlmon-sw-${unique}-${name}`;

function run(name: Name, command: IpWords, input = ''): string {
  const words = ['netns', 'exec', namespace(name), ...command];
  return execFileSync('ip', words, { env, encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
}
const ip = (name: Name, words: string | IpWords) =>
  run(name, ['ip', ...(typeof words === 'string' ? words.split(' ') : words)]);
const nft = (rules: string) => run('host', ['nft', '-f', '-'], rules);
function reaches(name: Name, address: string): boolean {
  try {
    run(name, ['busybox', 'ping', '-c', '1', '-W', '1', address]);
    return true;
  } catch {
    return false;
  }
}

/** What the host has, as text without counters. */
const state = () =>
  [
    run('host', ['nft', 'list', 'ruleset']),
    ip('host', 'link show').replace(/^\d+: /gm, ''),
    ip('host', 'addr show').replace(/^\d+: /gm, ''),
  ]
    .join('\n')
    .replaceAll(' tentative', '');

function make(plan: PrivateBridgePlan): void {
  for (const words of plan.make) ip('host', words);
  nft(plan.rules);
  for (const words of plan.open) ip('host', words);
}
function remove(plan: PrivateBridgePlan): void {
  for (const words of plan.remove) ip('host', words);
  nft(plan.forget);
}
/** A port of the host's bridge in the hands of a machine. */
function connect(plan: PrivateBridgePlan, name: 'a' | 'b', ...addresses: string[]): void {
  ip('host', `link add name port-${name} type veth peer name eth0 netns ${namespace(name)}`);
  for (const words of joinCommands(plan, `port-${name}`)) ip('host', words);
  ip(name, 'link set dev eth0 up');
  for (const address of addresses)
    ip(name, `addr add ${address} dev eth0 ${address.includes(':') ? 'nodad' : ''}`.trim());
}

beforeAll(() => {
  for (const name of names) {
    execFileSync('ip', ['netns', 'add', namespace(name)], { env });
    ip(name, 'link set dev lo up');
  }
  ip('host', `link add name uplink type veth peer name eth0 netns ${namespace('out')}`);
  for (const [name, dev, address] of [
    ['host', 'uplink', '192.0.2.1/24'],
    ['out', 'eth0', '192.0.2.9/24'],
    ['host', 'uplink', '2001:db8::1/64'],
    ['out', 'eth0', '2001:db8::9/64'],
  ] as const) {
    ip(name, `link set dev ${dev} up`);
    ip(name, `addr add ${address} dev ${dev}${address.includes(':') ? ' nodad' : ''}`);
  }
});
afterAll(() => {
  for (const name of names) execFileSync('ip', ['netns', 'del', namespace(name)], { env });
});

describe('a named network', () => {
  const plan = planPrivateBridge({ network: 'laboratory', owner: '/run/umlmon' });

  test('has a name of its own, for each umlmon', () => {
    expect(plan.bridge).toMatch(/^laborato-[0-9a-f]{6}$/);
    expect(planPrivateBridge({ network: 'laboratory', owner: '/elsewhere' }).bridge).not.toBe(plan.bridge);
    expect(planPrivateBridge({ network: 'laboratorz', owner: '/run/umlmon' }).bridge).not.toBe(plan.bridge);
  });

  test.each([
    ['plain', plan],
    ['a hub', planPrivateBridge({ network: 'laboratory', owner: '/run/umlmon', hub: true })],
    [
      'linked',
      planPrivateBridge({
        network: 'laboratory',
        owner: '/run/umlmon',
        link: {
          id: 7,
          local: { text: '192.0.2.1', family: 4 },
          remote: { text: '192.0.2.9', family: 4 },
          port: 4789,
        },
      }),
    ],
  ])('%s, connects only its ports, and leaves nothing behind', (_, plan) => {
    const before = state();
    make(plan);
    nft(plan.rules); // Replaces itself.
    expect(ip('host', `link show dev ${plan.bridge}`)).toContain(plan.alias);
    connect(plan, 'a', '10.7.0.1/24', 'fd07::1/64');
    connect(plan, 'b', '10.7.0.2/24', 'fd07::2/64');
    expect([reaches('a', '10.7.0.2'), reaches('b', 'fd07::1')]).toEqual([true, true]);
    // A host with a route back answers any port of a bridge, for all of its addresses: only the rules keep it from that.
    ip('a', 'route add 192.0.2.1/32 dev eth0');
    ip('host', `route add 10.7.0.1/32 dev ${plan.bridge}`);
    nft(plan.forget);
    expect([reaches('a', '192.0.2.1'), reaches('host', '10.7.0.1')]).toEqual([true, true]);
    nft(plan.rules);
    ip('a', 'neigh flush dev eth0');
    expect([reaches('a', '192.0.2.1'), reaches('host', '10.7.0.1')]).toEqual([false, false]);
    expect(ip('a', 'neigh show 192.0.2.1')).not.toContain('lladdr');
    expect(reaches('a', '10.7.0.2')).toBe(true);
    expect(ip('host', `addr show dev ${plan.bridge}`)).not.toMatch(/inet/);
    ip('host', 'link del port-a');
    ip('host', 'link del port-b');
    remove(plan);
    nft(plan.forget); // Changes nothing.
    expect(state()).toBe(before);
  });
});

test.each([
  [true, 'every port of a hub sees what goes between others'],
  [false, 'no port of a switch sees what goes between others'],
])('hub: %s: %s', (hub) => {
  const plan = planPrivateBridge({ network: 'laboratory', owner: '/run/umlmon', hub });
  make(plan);
  connect(plan, 'a', '10.7.0.1/24');
  connect(plan, 'b', '10.7.0.2/24');
  ip('host', 'link add name port-c type veth peer name peer-c');
  for (const words of joinCommands(plan, 'port-c')) ip('host', words);
  ip('host', 'link set dev peer-c up');
  expect(reaches('a', '10.7.0.2')).toBe(true); // Whatever must be learned is.
  const seen = () => Number(run('host', ['cat', '/sys/class/net/peer-c/statistics/rx_bytes']));
  const before = seen();
  run('a', ['busybox', 'ping', '-q', '-c', '5', '-i', '0.01', '-s', '1400', '10.7.0.2']);
  // There and back.
  if (hub) expect(seen() - before).toBeGreaterThan(10 * 1400);
  else expect(seen() - before).toBeLessThan(1400);
  for (const port of ['port-a', 'port-b', 'port-c']) ip('host', ['link', 'del', 'dev', port]);
  remove(plan);
});

describe('nat', () => {
  const request: NatRequest = {
    network: 'web',
    owner: '/run/umlmon',
    subnets: [
      { family: 4, gateway: '10.8.0.1', prefix: '10.8.0.0/24', length: 24 },
      { family: 6, gateway: 'fd08::1', prefix: 'fd08::/64', length: 64 },
    ],
  };

  const forwards: PortForward[] = [
    { protocol: 'tcp', family: 4, hostPort: 8080, guestAddress: '10.8.0.2', guestPort: 80 },
    {
      protocol: 'udp',
      family: 6,
      hostAddress: '2001:db8::1',
      hostPort: 53,
      guestAddress: 'fd08::2',
      guestPort: 53,
    },
  ];

  test.each<[string, Partial<NatRequest>]>([
    ['both families', {}],
    ['a host within reach', { reachHost: true }],
    ['IPv6 only', { subnets: request.subnets.slice(1) }],
  ])('with %s is understood by nft', (_, more) => {
    expect(run('host', ['nft', '-c', '-f', '-'], planNat({ ...request, ...more }).rules)).toBe('');
  });

  test('guests reach other hosts, and only forwarded ports lead to guests', async () => {
    const plan = planNat(request);
    const before = state();
    make(plan);
    for (const name of ['ipv4.ip_forward', 'ipv6.conf.all.forwarding'])
      run('host', ['busybox', 'sysctl', '-q', '-w', `net.${name}=1`]);
    const ports = planForwards({ vm: 'vm1', owner: '/run/umlmon' }, forwards);
    nft(ports.rules);
    connect(plan, 'a', '10.8.0.2/24', 'fd08::2/64');
    ip('a', 'route add default via 10.8.0.1');
    ip('a', 'route add default via fd08::1');
    expect(reaches('a', '10.8.0.1')).toBe(true);
    expect(reaches('a', '192.0.2.9')).toBe(true);
    expect(reaches('a', '2001:db8::9')).toBe(true);
    ip('out', 'route add 10.8.0.0/24 via 192.0.2.1');
    expect(reaches('out', '10.8.0.2')).toBe(false);
    ip('a', 'addr add 10.99.0.1/32 dev eth0');
    const spoof = ['busybox', 'ping', '-c', '1', '-W', '1', '-I', '10.99.0.1', '192.0.2.9'];
    expect(() => run('a', spoof)).toThrow();
    const serve = async (name: Name, port: number) => {
      const command = `echo ready; exec busybox nc -l -p ${port} -e echo hello-from-${name}`;
      const child = spawn('ip', ['netns', 'exec', namespace(name), 'sh', '-c', command], { env });
      await once(child.stdout, 'data');
      return child;
    };
    const ask = (name: Name, address: string, port: number) => {
      // The server listens a moment after it has said so.
      const script = `for i in 1 2 3; do busybox nc -w 1 ${address} ${port} </dev/null && break; sleep 0.05; done`;
      return run(name, ['sh', '-c', script]).trim();
    };
    for (const from of ['out', 'host'] as const) {
      const server = await serve('a', 80);
      expect(ask(from, '192.0.2.1', 8080)).toBe('hello-from-a');
      server.kill('SIGKILL');
    }
    // What listens there for the host itself stays the host's: no guest could answer.
    const own = await serve('host', 8080);
    expect(ask('host', '127.0.0.1', 8080)).toBe('hello-from-host');
    own.kill('SIGKILL');
    const server = await serve('host', 99);
    expect(ask('a', '192.0.2.1', 99)).toBe('');
    expect(ask('out', '192.0.2.1', 99)).toBe('hello-from-host');
    server.kill('SIGKILL');
    nft(ports.rules);
    nft(ports.forget);
    nft(ports.forget);
    ip('host', 'link del port-a');
    remove(plan);
    expect(state()).toBe(before);
  });
});
