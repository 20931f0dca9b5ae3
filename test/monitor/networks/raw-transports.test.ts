/** Transports that need raw sockets: the kernel is in a network namespace of its own, connected to the host. */
import { spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GuestShell } from '../../helpers/guest/guest.ts';
import { measureBoth, serveIperf, shareIperf } from '../../helpers/guest/guest-iperf.ts';
import type { NetNamespace } from '../../helpers/host/net-namespace.ts';
import { NetworkWorld } from '../../helpers/host/network-world.ts';

let worlds: NetworkWorld[];
beforeEach(() => {
  worlds = [];
});
afterEach(async () => {
  for (const world of worlds) await world.close();
});

function host(): NetworkWorld {
  const world = new NetworkWorld();
  worlds.push(world);
  return world;
}

const state = ({ host }: NetworkWorld) => `${host.state()}\n${host.run('nft list ruleset')}`;
const reaches = async (shell: GuestShell, address: string) =>
  (await shell.run(`ping -c 1 -W 5 ${address}`)).status === 0;
const up = (n: number) => ['ip link set vec0 up', `ip addr add 10.7.0.${n}/24 dev vec0`];

/** iperf3 to and from a guest, which must be able to run it. */
async function carriesBoth(guest: GuestShell, server: string): Promise<void> {
  const { to, from } = await measureBoth(guest, server);
  expect(to).toBeGreaterThan(0);
  expect(from).toBeGreaterThan(0);
}

test.each([
  ['raw', ''],
  ['raw, with the root launcher', 'userns = off'],
  ['hybrid', ''],
])('%s, at an interface that leads to a neighbour', async (name, global) => {
  const kind = name.split(',')[0];
  const here = host();
  const neighbour = here.namespace();
  here.host.connect('lan0', neighbour, 'lan0');
  neighbour.run('ip addr add 10.7.0.254/24 dev lan0');
  here.host.run('ip addr add 10.7.0.253/24 dev lan0');
  const before = state(here);
  await here.monitors({ vm1: `eth0 = ${kind}(ifname=lan0, depth=128)` }, global);
  shareIperf(join(here.world.varDir, 'shared'));
  const server = serveIperfAt(neighbour);
  try {
    let guest = await here.start('vm1', ...up(1));
    expect(await reaches(guest, '10.7.0.254')).toBe(true);
    // The host goes on to use the interface.
    expect(here.host.succeeds('busybox ping -c 1 -W 5 10.7.0.254')).toBe(true);
    // What the first start has left is not in the way of the second.
    await here.client('vm1').call('kill', undefined);
    guest = await here.start('vm1', ...up(1));
    await carriesBoth(guest, '10.7.0.254');
    const { kernelPid, networks } = await here.client('vm1').call('info', undefined);
    expect(networks).toMatchObject([{ kind, guestInterface: 'vec0' }]);
    expect(onlyRawSockets(kernelPid, here.host)).toEqual(
      kind === 'raw' ? ['leg0', 'lo'] : ['leg0', 'lo', 'tap0'],
    );
    await here.client('vm1').call('kill', undefined);
  } finally {
    server.kill('SIGKILL');
  }
  expect(state(here)).toBe(before);
});

function serveIperfAt(namespace: NetNamespace) {
  return spawn('ip', ['netns', 'exec', namespace.name, 'iperf3', '-s'], { stdio: 'ignore' });
}

/** The interfaces that a kernel sees; with its one capability it reaches no other. */
function onlyRawSockets(pid: number, host: NetNamespace): string[] {
  const capabilities = readFileSync(`/proc/${pid}/status`, 'latin1').match(/^Cap(?:Prm|Eff|Bnd):.*$/gm);
  // CAP_NET_RAW is 13.
  expect(capabilities?.map((line) => Number.parseInt(line.split('\t')[1] ?? '', 16))).toEqual([
    1 << 13,
    1 << 13,
    1 << 13,
  ]);
  expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(host.run('readlink /proc/self/ns/net').trim());
  return host
    .run(`nsenter --net=/proc/${pid}/ns/net ip -brief link`)
    .split('\n')
    .flatMap((line) => /^[\w]+/.exec(line)?.[0] ?? [])
    .sort();
}

/** Two hosts with an address each, and what they have set up. */
function twoHosts(one: string, other: string): [NetworkWorld, NetworkWorld] {
  const [here, there] = [host(), host()];
  here.host.connect('wan0', there.host, 'wan0');
  const six = one.includes(':');
  for (const [world, address] of [
    [here, one],
    [there, other],
  ] as const) {
    world.host.run(`ip addr add ${address}/${six ? 64 : 24} dev wan0${six ? ' nodad' : ''}`);
    if (six) world.host.run('sysctl -qw net.ipv6.conf.all.forwarding=1');
  }
  return [here, there];
}

test.each([
  [
    'gre',
    '192.0.2.1',
    '192.0.2.9',
    'rx_key=1, tx_key=1, sequence=on',
    /GREv0, key=0x1, seq \d+, length \d+: (?:IP|ARP)/,
  ],
  ['gre', 'fd00:2::1', 'fd00:2::9', 'mtu=1400', /GREv0, length \d+: (?:IP|ARP)/],
  ['l2tpv3', '192.0.2.1', '192.0.2.9', 'rx_session=1, tx_session=1', /l2tp|unknown|115/i],
])('%s from %s to %s: guests of two hosts reach each other', async (kind, one, other, options, words) => {
  const [here, there] = twoHosts(one, other);
  const before = [state(here), state(there)];
  const guests: GuestShell[] = [];
  for (const [n, [world, src, dst]] of (
    [
      [here, one, other],
      [there, other, one],
    ] as const
  ).entries()) {
    await world.monitors({ vm1: `eth0 = ${kind}(src=${src}, dst=${dst}, ${options})` });
    shareIperf(join(world.world.varDir, 'shared'));
    guests.push(await world.start('vm1', ...up(n + 1)));
  }
  const [left, right] = guests;
  if (!left || !right) throw new Error('no guests');
  const seen = here.host.start('timeout 20 tcpdump -n -c 2 -i wan0 host 192.0.2.9 or host fd00:2::9');
  for (let tries = 0; tries < 20 && !(await reaches(left, '10.7.0.2')); tries++);
  expect(await reaches(right, '10.7.0.1')).toBe(true);
  expect(await seen).toMatch(words);
  await serveIperf(right);
  await carriesBoth(left, '10.7.0.2');
  const { kernelPid } = await here.client('vm1').call('info', undefined);
  expect(onlyRawSockets(kernelPid, here.host)).toEqual(['leg0', 'lo']);
  for (const world of [here, there]) await world.client('vm1').call('kill', undefined);
  expect([state(here), state(there)]).toEqual(before);
});

test('a taken-over kernel with a tunnel reaches neither the host nor the other end by another protocol', async () => {
  const [here, there] = twoHosts('192.0.2.1', '192.0.2.9');
  await here.monitors({ vm1: 'eth0 = gre(src=192.0.2.1, dst=192.0.2.9)' });
  await here.start('vm1', ...up(1));
  const { kernelPid } = await here.client('vm1').call('info', undefined);
  const reached = (address: string) =>
    here.host.succeeds(`nsenter --net=/proc/${kernelPid}/ns/net busybox ping -c 1 -W 1 ${address}`);
  expect([reached('192.0.2.1'), reached('192.0.2.9')]).toEqual([false, false]);
  // It is the rules that keep it from that.
  const table = /^table (inet umlmon-tunnel-\w+)$/m.exec(here.host.run('nft list tables'))?.[1];
  here.host.run(`nft delete table ${table}`);
  there.host.run('ip route add default via 192.0.2.1');
  expect([reached('192.0.2.1'), reached('192.0.2.9')]).toEqual([true, true]);
});

test('what a killed monitor and kernel leave is removed; a killed monitor alone leaves the guest its network', async () => {
  const here = host();
  const neighbour = here.namespace();
  here.host.connect('lan0', neighbour, 'lan0');
  neighbour.run('ip addr add 10.7.0.254/24 dev lan0');
  const before = state(here);
  await here.monitors({ vm1: 'eth0 = raw(ifname=lan0)' });
  await here.start('vm1', ...up(1));
  await here.world.killMonitor('vm1');
  expect(neighbour.succeeds('busybox ping -c 1 -W 5 10.7.0.1')).toBe(true);
  await here.world.startMonitor('vm1');
  const client = await here.world.client('vm1');
  const { kernelPid } = await client.call('info', undefined);
  client.close();
  await here.world.killMonitor('vm1');
  process.kill(kernelPid, 'SIGKILL');
  await expect.poll(() => here.world.run('umlmon', ['-cleanup', 'vm1']).status).toBe(0);
  expect(state(here)).toBe(before);
});

test('problems of such a transport are reported before the start', () => {
  const here = host();
  here.world.addImage('vm1');
  here.world.configure({
    vm1: [
      'ubd0 = /disks/root.dsk',
      'eth0 = raw(ifname=lan0)',
      'eth1 = gre(src=127.0.0.1, dst=127.0.0.2)',
      'eth2 = l2tpv3(src=192.0.2.1, dst=192.0.2.2, rx_session=1, tx_session=1)',
    ].join('\n'),
  });
  const { stderr } = here.world.run('umlmon', ['-check', 'vm1']);
  for (const reason of [
    /eth0: ifname: the host has no interface lan0/,
    /eth1: src: 127\.0\.0\.1 cannot be reached from another host/,
    /eth2: src: the host has no address 192\.0\.2\.1/,
  ])
    expect(stderr).toMatch(reason);
  here.world.configure({
    vm1: 'ubd0 = /disks/root.dsk\neth0 = raw(ifname=lan0)\neth1 = network(name=lab)',
  });
  expect(here.world.run('umlmon', ['-check', 'vm1']).stderr).toMatch(
    /eth0: raw needs a network namespace of its own, but eth1 needs that of the host/,
  );
});
