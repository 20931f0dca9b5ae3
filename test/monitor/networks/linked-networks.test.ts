/** Named networks over two hosts, and the port that sees everything. Namespaces stand for the hosts. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GuestShell } from '../../helpers/guest/guest.ts';
import { measureBoth, serveIperf, shareIperf } from '../../helpers/guest/guest-iperf.ts';
import { NetworkWorld } from '../../helpers/host/network-world.ts';

let here: NetworkWorld;
let there: NetworkWorld;
beforeEach(() => {
  here = new NetworkWorld();
  there = new NetworkWorld();
  here.host.connect('wan0', there.host, 'wan0');
});
afterEach(async () => {
  await here.close();
  await there.close();
});

const state = ({ host }: NetworkWorld) => `${host.state()}\n${host.run('nft list ruleset')}`;
const reaches = async (shell: GuestShell, address: string, more = '') =>
  (await shell.run(`ping -c 1 -W 5 ${more} ${address}`)).status === 0;
const up = (n: number) => ['ip link set vec0 up', `ip addr add 10.7.0.${n}/24 dev vec0`];

test.each([
  ['IPv4', '192.0.2.1', '192.0.2.9', 24],
  ['IPv6', 'fd00:2::1', 'fd00:2::9', 64],
])(
  'a network of two hosts, linked over %s: guests reach each other, and neither host',
  async (_, one, other, length) => {
    const addresses = [
      [here, one, other],
      [there, other, one],
    ] as const;
    for (const [{ host }, own] of addresses)
      host.run(`ip addr add ${own}/${length} dev wan0${own.includes(':') ? ' nodad' : ''}`);
    const before = [state(here), state(there)];
    const guests: GuestShell[] = [];
    for (const [n, [world, local, remote]] of addresses.entries()) {
      await world.monitors({ vm1: `eth0 = network(name=lab, link_id=7, local=${local}, remote=${remote})` });
      shareIperf(join(world.world.varDir, 'shared'));
      guests.push(await world.start('vm1', ...up(n + 1)));
    }
    const [left, right] = guests;
    if (!left || !right) throw new Error('no guests');
    expect(await reaches(left, '10.7.0.2')).toBe(true);
    // As large as it may be: the guest has been told.
    const mtu = Number((await left.run('cat /sys/class/net/vec0/mtu')).output);
    expect(mtu).toBe(length === 24 ? 1450 : 1430);
    expect(await reaches(left, '10.7.0.2', `-s ${mtu - 28}`)).toBe(true);
    await serveIperf(right);
    const { to, from } = await measureBoth(left, '10.7.0.2');
    expect(to).toBeGreaterThan(0);
    expect(from).toBeGreaterThan(0);
    if (length === 24) {
      await left.run('ip route add default dev vec0');
      for (const address of ['192.0.2.1', '192.0.2.9'])
        expect(await reaches(left, address, '-W 1')).toBe(false);
    }

    for (const world of [here, there]) await world.client('vm1').call('kill', undefined);
    expect([state(here), state(there)]).toEqual(before);
  },
);

test('problems of a link are reported before the start', () => {
  const configuration = (...eths: string[]) =>
    `ubd0 = /disks/root.dsk\n${eths.map((eth, i) => `eth${i} = network(name=n${i}, ${eth})`).join('\n')}`;
  here.world.addImage('vm1');
  here.world.configure({
    vm1: configuration(
      'link_id=7, remote=192.0.2.9',
      'link_port=4789',
      'link_id=7, local=192.0.2.9, remote=fd00::9',
      'link_id=16777216, local=192.0.2.1, remote=192.0.2.1',
      'hub=on, mirror=on',
    ),
  });
  const { stderr } = here.world.run('umlmon', ['-check', 'vm1']);
  for (const mistake of [
    /local: it is missing.*a link needs link_id, local and remote/,
    /3 problems: link_id: it is missing/,
    /remote: it is IPv6, but local is IPv4/,
    /link_id: .*16777215/,
    /mirror: every port of a hub receives all packets/,
  ])
    expect(stderr).toMatch(mistake);
  here.world.configure({ vm1: configuration('link_id=7, local=192.0.2.1, remote=192.0.2.9') });
  expect(here.world.run('umlmon', ['-check', 'vm1']).stderr).toMatch(
    /eth0: local: the host has no address 192\.0\.2\.1/,
  );
});

test('a mirror receives each packet of the others once, can send and receive itself, and is removed completely', async () => {
  const before = state(here);
  const lab = 'eth0 = network(name=lab)';
  await here.monitors({ vm1: lab, vm2: lab, vm3: 'eth0 = network(name=lab, mirror=on)' });
  const one = await here.start('vm1', ...up(1));
  const two = await here.start('vm2', ...up(2));
  const three = await here.start('vm3', ...up(3));
  for (const [shell, n] of [
    [one, 2],
    [two, 3],
    [three, 1],
  ] as const)
    expect(await reaches(shell, `10.7.0.${n}`)).toBe(true);
  expect((await one.run('ping -c 3 -W 5 10.7.0.3')).output).not.toContain('DUP');

  const received = async (shell: GuestShell) =>
    Number((await shell.run('cat /sys/class/net/vec0/statistics/rx_bytes')).output);
  const [atMirror, atOne] = [await received(three), await received(one)];
  expect((await one.run('ping -q -c 20 -i 0.01 -s 1400 10.7.0.2')).output).toMatch(/20 packets received/);
  // There and back, and not twice; what one gets is half of it.
  const seen = (await received(three)) - atMirror;
  const got = (await received(one)) - atOne;
  expect(got).toBeGreaterThan(20 * 1400);
  expect(seen).toBeGreaterThan(40 * 1400);
  expect(seen).toBeLessThan(60 * 1400);
  const between = await received(two);
  await three.run('ping -q -c 20 -i 0.01 -s 1400 10.7.0.1');
  expect((await received(two)) - between).toBeLessThan(20 * 1400);

  await here.client('vm3').call('kill', undefined);
  expect(await reaches(one, '10.7.0.2')).toBe(true);
  expect(here.host.run('nft list tables')).not.toContain('mirror');
  for (const vm of ['vm1', 'vm2']) await here.client(vm).call('kill', undefined);
  expect(state(here)).toBe(before);
});
