/** Host resources that other programs remove while a VM runs: noticed by netlink, then restored or reported. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { Event } from '../../../src/rpc/umlmonctrl.gen.ts';
import { NetworkWorld } from '../../helpers/host/network-world.ts';

let lan: NetworkWorld;
beforeEach(() => {
  lan = new NetworkWorld();
});
afterEach(() => lan.close());

const patience = { timeout: 10_000, interval: 50 };

/** Texts of all events of one kind. */
async function told(client: MonitorClient, kind: string): Promise<string[]> {
  const events: Event[] = [];
  for (let since = 1; ; ) {
    const list = await client.call('events', { since, max: 64, waitMs: 0 });
    events.push(...list.events);
    if (list.events.length === 0) break;
    since = list.next;
  }
  return events.filter((event) => event.kind === kind).map(({ text }) => text);
}

const warnings = async (vm: string) => (await lan.client(vm).call('info', undefined)).networkWarnings;

/** The network of the host, without numbers that change when a resource is restored. */
function state(): string {
  const { host } = lan;
  const links = host
    .run('ip -oneline link show')
    .replaceAll(/^\d+: /gm, '')
    .replaceAll(/NO-CARRIER,|,LOWER_UP|state \w+|qdisc \w+|link\/.*/g, '');
  const rules = host
    .run('nft list ruleset')
    .split(/^(?=table)/m)
    .sort()
    .join('');
  return [
    rules,
    links,
    host.run('ip -oneline address show').replaceAll(/^\d+: /gm, ''),
    host.run('ip route show'),
    host.run('ip neighbour show proxy'),
  ]
    .flatMap((text, i) => (i === 0 ? [text] : text.split('\n').sort()))
    .join('\n');
}

const toHost = 'host_to_host(proxy_if=p0, proxy_addr=10.8.0.1, guest_addr=10.9.0.2, host_if=lan0)';

beforeEach(() => {
  const neighbour = lan.namespace();
  lan.host.connect('lan0', neighbour, 'lan0');
  lan.host.run('ip address add 192.0.2.1/24 dev lan0');
  lan.host.run('ip link add br0 type bridge');
  lan.host.run('ip link set br0 up');
});

test('all tables of nftables are restored after nft flush ruleset, also tables with flushed rules only', async () => {
  const lab =
    'eth0 = network(name=lab)\neth1 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.X, forward=80X:80)';
  await lan.monitors({ vm1: lab.replaceAll('X', '2'), vm2: lab.replaceAll('X', '3') });
  for (const vm of ['vm1', 'vm2']) await lan.client(vm).call('start', undefined);
  const before = state();
  expect(before).toMatch(/umlmon-nat-/);
  lan.host.run('nft flush ruleset');
  await expect.poll(state, patience).toBe(before);
  await expect
    .poll(
      async () =>
        (await Promise.all(['vm1', 'vm2'].map((vm) => told(lan.client(vm), 'network-repaired')))).flat(),
      patience,
    )
    .toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^the nftables table inet umlmon-nat-\w+ is missing: restored$/),
        expect.stringMatching(/^the nftables table netdev umlmon-network-\w+ is missing: restored$/),
        expect.stringMatching(/^the nftables table inet umlmon-forward-\w+ is missing: restored$/),
      ]),
    );
  const [, nat = ''] = /table inet (umlmon-nat-\w+)/.exec(before) ?? [];
  for (const command of [
    `nft flush table inet ${nat}`,
    `nft flush chain inet ${nat} forward`,
    `nft insert rule inet ${nat} input accept`,
  ]) {
    await new Promise((resolve) => setTimeout(resolve, 1100));
    lan.host.run(command);
    await expect.poll(state, patience).toBe(before);
  }
  expect(await warnings('vm1')).toEqual([]);
}, 60_000);

test('addresses, routes, settings, announcements, ports of bridges and whole bridges are restored', async () => {
  lan.host.run('ip link add br1 type bridge');
  await lan.monitors({
    vm1: [
      `eth0 = ${toHost}`,
      'eth1 = bridged(bridge_if=br0, proxy_if=p1, isolated=true)',
      'eth2 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2)',
      'eth3 = network(name=lab)',
    ].join('\n'),
  });
  await lan.client('vm1').call('start', undefined);
  const before = state();
  const [, web = ''] = /^(web-\w+):/m.exec(before) ?? [];
  const [, lab = ''] = /^(lab-\w+):/m.exec(before) ?? [];
  let repairs = 0;
  for (const [command, words] of [
    ['ip address flush dev p0', /the address 10\.8\.0\.1\/32 of p0 is missing/],
    ['ip route flush dev p0', /the route to 10\.9\.0\.2\/32 over p0 is missing/],
    ['ip link set p1 nomaster', /p1 is in no bridge, not in br0/],
    ['ip link set p1 type bridge_slave isolated off', /the port p1 is not isolated/],
    [`ip address flush dev ${web}`, /the address 10\.7\.0\.1\/24 of web-\w+ is missing/],
  ] as const) {
    lan.host.run(command);
    await expect.poll(state, patience).toBe(before);
    await expect
      .poll(async () => (await told(lan.client('vm1'), 'network-repaired')).join('\n'), patience)
      .toMatch(words);
    repairs += 1;
  }
  expect(repairs).toBe(5);
  // A monitor of its own has made no repairs yet.
  await lan.world.killMonitor('vm1');
  lan.host.run(`ip link delete ${lab}`);
  lan.host.run(`ip link delete ${web}`);
  lan.host.run('sysctl -qw net.ipv4.conf.p0.proxy_arp=0');
  await lan.world.startMonitor('vm1');
  await expect.poll(state, patience).toBe(before);
  const next = await lan.world.client('vm1');
  try {
    await expect
      .poll(async () => (await told(next, 'network-repaired')).join('\n'), patience)
      .toMatch(/net\/ipv4\/conf\/p0\/proxy_arp is 0, not 1/);
    expect(lan.host.run('cat /proc/sys/net/ipv4/conf/p0/proxy_arp')).toBe('1\n');
    lan.host.run('sysctl -qw net.ipv4.conf.p0.forwarding=0');
    await expect.poll(() => lan.host.run('cat /proc/sys/net/ipv4/conf/p0/forwarding'), patience).toBe('1\n');
    // What an interface announces goes when it is set down.
    lan.host.run('ip link set lan0 down');
    expect(lan.host.run('ip neighbour show proxy')).toBe('');
    lan.host.run('ip link set lan0 up');
    await expect.poll(() => lan.host.run('ip neighbour show proxy'), patience).toContain('10.9.0.2 dev lan0');
  } finally {
    next.close();
  }
}, 60_000);

test("a problem of another program's resources, or an interface set down on purpose, is a warning in -info, list and doctor while it lasts", async () => {
  await lan.monitors({ vm1: `eth0 = ${toHost}\neth1 = bridged(bridge_if=br0, proxy_if=p1)` });
  const client = lan.client('vm1');
  await client.call('start', undefined);
  const forwarding = 'net.ipv4.conf.lan0.forwarding';
  lan.host.run(`sysctl -qw ${forwarding}=0`);
  await expect
    .poll(() => warnings('vm1'), patience)
    .toEqual([
      {
        what: 'net/ipv4/conf/lan0/forwarding is 0, not 1',
        hint: 'sysctl -w net/ipv4/conf/lan0/forwarding=1',
      },
    ]);
  expect(lan.world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(
    /wrong: net\/ipv4\/conf\/lan0\/forwarding is 0/,
  );
  expect(lan.world.run('umladmin', ['list']).stdout).toMatch(/vm1 .*forwarding is 0, not 1/);
  expect(lan.world.run('umladmin', ['doctor']).stdout).toMatch(
    /warning +VMs: vm1: net\/ipv4\/conf\/lan0\/forwarding is 0/,
  );
  lan.host.run('sysctl -w net/ipv4/conf/lan0/forwarding=1');
  await expect.poll(() => warnings('vm1'), patience).toEqual([]);
  expect(await told(client, 'network-recovered')).toEqual([
    'no longer: net/ipv4/conf/lan0/forwarding is 0, not 1',
  ]);

  lan.host.run('ip link set p1 down');
  await expect
    .poll(() => warnings('vm1'), patience)
    .toEqual([{ what: 'the interface p1 is down', hint: 'ip link set dev p1 up' }]);
  lan.host.run('ip link set dev p1 up');
  await expect.poll(() => warnings('vm1'), patience).toEqual([]);

  lan.host.run('ip link delete br0');
  await expect
    .poll(() => warnings('vm1'), patience)
    .toEqual([
      { what: 'the interface br0 is missing', hint: 'ip link add br0 type bridge; ip link set dev br0 up' },
    ]);
  // As ifup does it: the port comes back by itself.
  lan.host.run('ip link add br0 type bridge');
  await expect
    .poll(() => warnings('vm1'), patience)
    .toEqual([{ what: 'the interface br0 is down', hint: 'ip link set dev br0 up' }]);
  lan.host.run('ip link set dev br0 up');
  await expect.poll(() => warnings('vm1'), patience).toEqual([]);
  expect(lan.host.run('ip link show p1')).toContain('master br0');

  lan.host.run('ip link delete p1');
  await expect
    .poll(() => warnings('vm1'), patience)
    .toEqual([{ what: 'the interface p1 is missing', hint: 'umlwatch vm1 -restart' }]);
}, 60_000);

test('networks of every kind need neither repair nor warning after a start, in a later check, and in doctor', async () => {
  lan.host.run('sysctl -qw net.ipv6.conf.all.forwarding=1');
  lan.host.run('ip tuntap add dev own0 mode tap user 39 vnet_hdr');
  lan.host.run('ip link set own0 up');
  lan.host.run('ip address add 2001:db8::1/64 dev lan0 nodad');
  await lan.monitors({
    vm1: [
      toHost,
      'host_to_host(proxy_if=p1, proxy_addr=fd00:8:0::1, guest_addr=FD00:9::0:2, host_if=lan0)',
      'bridged(bridge_if=br0, proxy_if=p2, isolated=true)',
      'network(name=lab, mirror=on)',
      'nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2, forward=8080:80)',
      'nat(name=six, subnet=fd07::/64, guest_addr=fd07::2, forward=udp:53:53)',
      'tap(ifname=own0)',
      'network(name=far, link_id=7, local=192.0.2.1, remote=192.0.2.9)',
      'host_to_host(proxy_if=p3, proxy_addr=10.8.1.1, guest_addr=10.9.1.2)',
    ]
      .map((text, unit) => `eth${unit} = ${text}`)
      .join('\n'),
    vm2: [
      'eth0 = raw(ifname=lan0)',
      'eth1 = hybrid(ifname=lan0)',
      'eth2 = gre(src=192.0.2.1, dst=192.0.2.9)',
      'eth3 = gre(src=2001:db8::1, dst=2001:db8::9)',
    ].join('\n'),
    vm3: 'eth0 = l2tpv3(src=192.0.2.1, dst=192.0.2.7, rx_session=1, tx_session=1)',
  });
  for (const vm of ['vm1', 'vm2', 'vm3']) await lan.client(vm).call('start', undefined);
  await lan.client('vm1').call('plugNetwork', { unit: 12, network: 'network(name=lab)' });
  // A table of another program makes the monitors look again.
  lan.host.run('nft add table inet other');
  lan.host.run('ip link set lan0 alias x');
  await new Promise((resolve) => setTimeout(resolve, 4000));
  for (const vm of ['vm1', 'vm2', 'vm3']) {
    expect([vm, await warnings(vm)]).toEqual([vm, []]);
    for (const kind of ['network-repaired', 'network-warning', 'warning'])
      expect([vm, await told(lan.client(vm), kind)]).toEqual([vm, []]);
  }
  expect(lan.world.run('umladmin', ['doctor']).stdout).not.toMatch(/VMs: /);

  const all = () =>
    `${state()}${lan.host.run('ip -6 route show')}${lan.host.run('ip -6 neighbour show proxy')}`;
  lan.host.run('nft delete table inet other');
  const before = all();
  const [, leg = ''] = /(\S+) +inet 2[45]\d\./.exec(before) ?? [];
  expect(leg).toMatch(/^um/);
  lan.host.run('nft flush ruleset');
  lan.host.run('ip -6 route flush dev p1');
  lan.host.run('ip -6 address flush dev p1');
  lan.host.run(`ip route flush dev ${leg}`);
  lan.host.run('ip -6 neighbour del proxy fd00:9::2 dev lan0');
  const [, tunnel = ''] = /^(um\w+-x)/m.exec(before) ?? [];
  lan.host.run(`ip link delete ${tunnel}`);
  await expect.poll(all, patience).toBe(before);
  lan.host.run('sysctl -qw net.ipv6.conf.all.forwarding=0');
  await expect
    .poll(async () => (await warnings('vm1')).map(({ hint }) => hint), patience)
    .toEqual(
      expect.arrayContaining([
        'sysctl -w net/ipv6/conf/all/forwarding=1',
        'sysctl -w net/ipv6/conf/lan0/forwarding=1',
      ]),
    );
  for (const { hint } of await warnings('vm1')) lan.host.run(hint);
  await expect.poll(() => warnings('vm1'), patience).toEqual([]);
}, 60_000);

test('a table that another program removes repeatedly is no longer restored', async () => {
  await lan.monitors({ vm1: 'eth0 = nat(name=web, subnet=10.7.0.0/24)' });
  const client = lan.client('vm1');
  await client.call('start', undefined);
  const isThere = () => lan.host.run('nft list tables').includes('umlmon-nat');
  await expect
    .poll(
      async () => {
        if (isThere()) lan.host.run('nft flush ruleset');
        return warnings('vm1');
      },
      { timeout: 30_000, interval: 200 },
    )
    .toEqual([
      {
        what: expect.stringMatching(
          /^the nftables table inet umlmon-nat-\w+ is missing; another program removes it repeatedly/,
        ),
        hint: 'find that program: nft monitor',
      },
    ]);
  expect(isThere()).toBe(false);
  expect((await told(client, 'network-repaired')).length).toBeLessThanOrEqual(5);
}, 60_000);
