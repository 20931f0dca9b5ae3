/** The network of VMs, in network namespaces that stand for hosts. */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell } from '../../helpers/guest/guest.ts';
import { NetNamespace } from '../../helpers/host/net-namespace.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

let host: NetNamespace;
let world: World;
let namespaces: NetNamespace[];
let clients: MonitorClient[];

beforeEach(() => {
  namespaces = [];
  clients = [];
  host = namespace();
  world = new World(host.name);
});

afterEach(async () => {
  for (const client of clients) client.close();
  await world.close();
  for (const one of namespaces) one.close();
});

function namespace(): NetNamespace {
  const fresh = new NetNamespace();
  namespaces.push(fresh);
  return fresh;
}

/** Starts the monitors of VMs with these interfaces as eth0. */
async function monitors(...networks: string[]): Promise<MonitorClient[]> {
  const names = networks.map((_, i) => `vm${i + 1}`);
  world.configure(
    Object.fromEntries(
      networks.map((network, i) => [`vm${i + 1}`, `ubd0 = /disks/root.dsk\nmem = 64M\neth0 = ${network}`]),
    ),
  );
  for (const name of names) {
    world.addImage(name);
    await world.startMonitor(name);
    clients.push(await world.client(name));
  }
  return clients;
}

/** Starts VMs; resolves to a shell in each, with its network up. */
async function guests(...networks: { spec: string; setup: string }[]): Promise<GuestShell[]> {
  const shells: GuestShell[] = [];
  for (const [i, client] of (await monitors(...networks.map(({ spec }) => spec))).entries()) {
    await client.call('start', undefined);
    const shell = await GuestShell.open(client);
    shells.push(shell);
    expect(await shell.run(networks[i]?.setup ?? '')).toMatchObject({ status: 0 });
  }
  return shells;
}

test.each([
  ['IPv4', '192.168.2.1', '192.168.2.2', 'ip addr add 192.168.2.2 peer 192.168.2.1 dev vec0'],
  ['IPv6', 'fd00:2::1', 'fd00:2::2', 'ip addr add fd00:2::2/128 dev vec0 && ip route add fd00:2::1 dev vec0'],
])('host_to_host, %s: both reach each other', async (_name, here, there, address) => {
  const before = host.state();
  const [shell] = await guests({
    spec: `host_to_host(proxy_if=proxy1, proxy_addr=${here}, guest_addr=${there})`,
    setup: `echo 0 >/proc/sys/net/ipv6/conf/vec0/accept_dad; ip link set vec0 up && ${address}`,
  });
  expect(await shell?.run(`ping -c 1 -W 2 ${here}`)).toMatchObject({ status: 0 });
  expect(host.succeeds(`busybox ping -c 1 -W 2 ${there}`)).toBe(true);

  expect((await clients[0]?.call('info', undefined))?.networks).toMatchObject([
    { unit: 0, kind: 'host_to_host', guestInterface: 'vec0', hostInterface: 'proxy1', link: 'up' },
  ]);
  expect(await shell?.run('ip link set vec0 down; ip addr flush dev vec0')).toMatchObject({ status: 0 });
  const info = world.run('umlwatch', ['vm1', '-info']).stdout;
  expect(info).toMatch(/eth0 +host_to_host +vec0 of the guest +proxy1 +not up in the guest +\d/);
  // What it says works when it is typed as it stands.
  for (const line of info.split('type in the guest\n')[1]?.match(/^ {2}ip .*$/gm) ?? [])
    expect(await shell?.run(line), line).toMatchObject({ status: 0 });
  expect(await shell?.run(`ping -c 1 -W 2 ${here}`)).toMatchObject({ status: 0 });

  // nc in the guest ends when this one has nothing to say, perhaps before it has said anything itself.
  const served = host.start('busybox nc -l -p 7000', 'open');
  expect(
    await shell?.run(`until echo from the guest | nc -w 2 ${here} 7000; do usleep 10000; done`),
  ).toMatchObject({ status: 0 });
  expect(await served).toBe('from the guest\n');

  await clients[0]?.call('stop', { timeoutMs: 0 });
  expect(host.state()).toBe(before);
});

/** A host with an interface `lan0` into the network of a neighbour, and the neighbour. */
function lan(): NetNamespace {
  const neighbour = namespace();
  host.connect('lan0', neighbour, 'lan0');
  host.run('ip addr add 10.9.0.1/24 dev lan0');
  neighbour.run('ip addr add 10.9.0.3/24 dev lan0');
  host.run('ip addr add fd00:9::1/64 dev lan0 nodad');
  neighbour.run('ip addr add fd00:9::3/64 dev lan0 nodad');
  return neighbour;
}

const quick = 'echo 0 >/proc/sys/net/ipv6/conf/vec0/accept_dad; ip link set vec0 up';

test.each([
  {
    name: 'ARP',
    proxy: '10.8.0.1',
    guest: '10.9.0.2',
    address: 'ip addr add 10.9.0.2 peer 10.8.0.1 dev vec0 && ip route add default via 10.8.0.1',
    setting: '/proc/sys/net/ipv4/conf/lan0/forwarding',
  },
  {
    name: 'NDP',
    proxy: 'fd00:8::1',
    guest: 'fd00:9::2',
    address:
      'ip addr add fd00:9::2/128 dev vec0 && ip route add fd00:8::1 dev vec0 && ip route add default via fd00:8::1 dev vec0',
    setting: '/proc/sys/net/ipv6/conf/lan0/proxy_ndp',
  },
])('a neighbour reaches the guest by proxy $name, without a route', async (way) => {
  const neighbour = lan();
  host.run('sysctl -qw net.ipv6.conf.all.forwarding=1');
  const before = host.state();
  const [shell] = await guests({
    spec: `host_to_host(proxy_if=proxy1, proxy_addr=${way.proxy}, guest_addr=${way.guest}, host_if=lan0)`,
    setup: `${quick} && ${way.address}`,
  });
  expect(host.run(`cat ${way.setting}`)).toBe('1\n');
  expect(neighbour.run(`ip route get ${way.guest}`)).not.toContain('via');
  expect(neighbour.succeeds(`busybox ping -c 1 -W 3 ${way.guest}`)).toBe(true);
  const neighbourAddress = way.name === 'ARP' ? '10.9.0.3' : 'fd00:9::3';
  expect(await shell?.run(`ping -c 1 -W 3 ${neighbourAddress}`)).toMatchObject({ status: 0 });
  await clients[0]?.call('stop', { timeoutMs: 0 });
  expect(host.state()).toBe(before);
});

test('a setting that two VMs need is put back by the last of them', async () => {
  lan();
  const before = host.state();
  const link = (n: number) =>
    `host_to_host(proxy_if=proxy${n}, proxy_addr=10.8.0.${n}, guest_addr=10.9.0.1${n}, host_if=lan0)`;
  const [first, second] = await monitors(link(1), link(2));
  await first?.call('start', undefined);
  await second?.call('start', undefined);
  await first?.call('kill', undefined);
  expect(host.run('cat /proc/sys/net/ipv4/conf/lan0/forwarding')).toBe('1\n');
  await second?.call('kill', undefined);
  expect(host.state()).toBe(before);
});

/** A bridge br0 of the host, with a cable in it. */
function bridge(): void {
  host.run('ip link add br0 type bridge');
  host.connect('cable', namespace(), 'cable');
  host.run('ip link set cable master br0');
  host.run('ip link set br0 up');
  // It takes a moment to see its port.
  while (!host.run('ip link show br0').includes('state UP')) host.run('sleep 0.01');
}

const port = (n: number, more = '') => ({
  spec: `bridged(bridge_if=br0, proxy_if=port${n}, mac=02:00:00:00:01:0${n}${more})`,
  setup: `ip addr add 10.7.0.${n}/24 dev vec0 && ip link set vec0 up`,
});

test('VMs on a bridge reach each other; with isolated they do not, and those without are reached by all', async () => {
  bridge();
  host.run('ip addr add 10.7.0.254/24 dev br0');
  const before = host.state();
  const [one, two, three] = await guests(port(1, ', isolated=true'), port(2, ', isolated=true'), port(3));
  const reaches = async (shell: GuestShell | undefined, n: number) =>
    (await shell?.run(`ping -c 1 -W 1 10.7.0.${n}`))?.status === 0;
  expect(await reaches(one, 3)).toBe(true);
  expect(await reaches(three, 2)).toBe(true);
  expect(await reaches(two, 254)).toBe(true);
  expect(await reaches(one, 2)).toBe(false);
  expect(await reaches(two, 1)).toBe(false);
  expect((await three?.run('ip link show vec0'))?.output).toContain('02:00:00:00:01:03');
  for (const client of clients) await client.call('kill', undefined);
  expect(host.state()).toBe(before);
});

test('a setting that another program has changed meanwhile is not restored', async () => {
  lan();
  const [client] = await monitors(
    'host_to_host(proxy_if=proxy1, proxy_addr=10.8.0.1, guest_addr=10.9.0.2, host_if=lan0)',
  );
  await client?.call('start', undefined);
  // The administrator makes the host a router: of the interface, too.
  host.run('sysctl -qw net.ipv4.ip_forward=1');
  await client?.call('kill', undefined);
  expect(host.run('cat /proc/sys/net/ipv4/conf/lan0/forwarding')).toBe('1\n');
});

test('leftovers of a crash of the host do not prevent a start', async () => {
  const [client] = await monitors('host_to_host(proxy_if=p1, proxy_addr=10.8.0.1, guest_addr=10.9.0.2)');
  const tun = join(world.varDir, 'vm1/jail/dev/net/tun');
  execFileSync('mknod', [tun, 'c', '10', '200']);
  await client?.call('start', undefined);
  expect(statSync(tun)).toMatchObject({ uid: vmUid, mode: 0o20600 });
  await client?.call('kill', undefined);
  expect(existsSync(tun)).toBe(false);
});

test('a start that fails in the middle removes what it has set up', async () => {
  lan();
  // Somebody else's route is in the way: the address is free, but cannot be routed to the guest.
  host.run('ip route add 10.9.0.2/32 dev lan0');
  const before = host.state();
  const [client] = await monitors(
    'host_to_host(proxy_if=proxy1, proxy_addr=10.8.0.1, guest_addr=10.9.0.2, host_if=lan0)',
  );
  await expect(client?.call('start', undefined)).rejects.toMatchObject({
    code: 'NETWORK_COMMAND',
    place: expect.stringMatching(/configure-network: ip route add 10\.9\.0\.2\/32 dev proxy1/),
    reason: expect.stringMatching(/File exists/),
  });
  expect(host.state()).toBe(before);
});

test('resources of other programs are never taken', async () => {
  bridge();
  host.run('ip link add proxy1 type veth peer name other');
  const before = host.state();
  const [client] = await monitors('bridged(bridge_if=br0, proxy_if=proxy1)');
  await expect(client?.call('start', undefined)).rejects.toMatchObject({
    code: 'NETWORK_IN_USE',
    reason: expect.stringMatching(/the host already has an interface proxy1/),
  });
  expect(host.state()).toBe(before);
});

test('everything that the host lacks is reported before the start, in one list', async () => {
  host.run('ip link add eth7 type veth peer name other');
  host.run('ip addr add 10.8.0.1/24 dev eth7');
  world.configure({
    vm1: [
      'ubd0 = /disks/root.dsk',
      'eth0 = bridged(bridge_if=br0, proxy_if=p0)',
      'eth1 = bridged(bridge_if=eth7, proxy_if=p1)',
      'eth2 = host_to_host(proxy_if=p2, proxy_addr=10.8.0.1, guest_addr=10.8.0.2, host_if=lan0)',
      'eth3 = host_to_host(proxy_if=p3, proxy_addr=fd00::1, guest_addr=fd00::2, host_if=eth7)',
      'eth4 = bridged(bridge_if=eth7, proxy_if=p4)',
    ].join('\n'),
  });
  world.addImage('vm1');
  const { status, stderr } = world.run('umlmon', ['-check', 'vm1']);
  expect(status).toBe(3);
  for (const line of [
    /eth0: bridge_if: the host has no interface br0 \(hint: create it: ip link add br0 type bridge/,
    /eth1: bridge_if: eth7 is not a bridge \(it is veth\)/,
    /eth2: proxy_addr: the host already has 10\.8\.0\.1, on eth7/,
    /eth2: host_if: the host has no interface lan0/,
    /eth3: host_if: the host does not forward IPv6 on eth7 \(hint: sysctl -w net\.ipv6/,
  ])
    expect(stderr).toMatch(line);
});
