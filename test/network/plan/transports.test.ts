import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TransportSpec, transportNeeds } from '../../../src/config/networks/transports.ts';
import { joinCommands, planPrivateBridge } from '../../../src/network/plan/private-bridge-plan.ts';
import { vectorArgument } from '../../../src/network/plan/vector-options.ts';
import { networkLimits } from '../../../src/system/limits/limits.ts';
import { pidfdGetfd, pidfdOpen } from '../../../src/system/native/native.ts';
import { TEST_UID } from '../../helpers/guest/kernel.ts';
import { type Guest, Lab } from '../../helpers/guest/wired-guests.ts';

let lab: Lab;
beforeAll(() => {
  lab = new Lab();
  for (const address of ['fd00::1', 'fd00::2']) lab.ip('addr', 'add', `${address}/128`, 'dev', 'lo', 'nodad');
});
afterEach(() => lab.clear());
afterAll(() => lab.close());

const v4 = (text: string) => ({ text, family: 4 as const });
const v6 = (text: string) => ({ text, family: 6 as const });

/** A guest with one interface, up, at 10.9.0.`host`, that has what its transport needs and nothing else. */
async function wired(spec: TransportSpec, host: number, inherit: readonly number[] = []): Promise<Guest> {
  const { capabilities, devices } = transportNeeds(spec);
  const mac = `02:00:00:00:00:0${host}`;
  const guest = await lab.guest({ args: [vectorArgument(0, spec, mac)], capabilities, devices, inherit });
  const said = await guest.run(
    `ip link set vec0 up && ip addr add 10.9.0.${host}/24 dev vec0 && ip link show vec0`,
  );
  expect(said).toContain(mac);
  return guest;
}

/** Small and full packets, and a megabyte by TCP, whose segments the ends may have offloaded. */
async function talk(one: Guest, other: Guest): Promise<void> {
  await one.run('ping -c 1 -W 5 10.9.0.2 && ping -c 1 -W 5 -s 1400 10.9.0.2');
  const served = await other.run(
    'head -c 1000000 /dev/urandom >/tmp/data; md5sum </tmp/data; httpd -p 80 -h /tmp',
  );
  const got = await one.run('timeout 10 wget -q -O - http://10.9.0.2/data | md5sum');
  expect(sumIn(got)).toBe(sumIn(served));
  // A kernel with an interface that is up ends like any other.
  expect(await one.powerOff()).toBe(0);
}

function sumIn(text: string): string {
  return /[0-9a-f]{32}/.exec(text)?.[0] ?? `no sum in ${text}`;
}

const l2tp = { kind: 'l2tpv3', rx_session: 0xffffffff, tx_session: 0xffffffff } as const;
const all = {
  ...{ udp: true, v6: true, cookie64: true, rx_cookie: '0x1', tx_cookie: '0x1', counter: true },
  ...{ pin_counter: true, depth: 32, mtu: 1400, gro: false, vec: true, headroom: 64 },
} as const;
const tunnels: [string, TransportSpec, TransportSpec][] = [
  [
    'gre with keys',
    {
      kind: 'gre',
      src: v4('127.0.0.1'),
      dst: v4('127.0.0.2'),
      rx_key: 0xfffffffe,
      tx_key: 7,
      sequence: true,
    },
    {
      kind: 'gre',
      src: v4('127.0.0.2'),
      dst: v4('127.0.0.1'),
      rx_key: 7,
      tx_key: 0xfffffffe,
      sequence: true,
    },
  ],
  [
    'gre over IPv6',
    { kind: 'gre', src: v6('fd00::1'), dst: v6('fd00::2'), mtu: 1400 },
    { kind: 'gre', src: v6('fd00::2'), dst: v6('fd00::1'), mtu: 1400 },
  ],
  [
    'l2tpv3 over IP with cookies',
    {
      ...l2tp,
      src: v4('127.0.0.1'),
      dst: v4('127.0.0.2'),
      cookie64: true,
      rx_cookie: '0xfedcba9876543210',
      tx_cookie: '0x1',
    },
    {
      ...l2tp,
      src: v4('127.0.0.2'),
      dst: v4('127.0.0.1'),
      cookie64: true,
      rx_cookie: '0x1',
      tx_cookie: '0xfedcba9876543210',
    },
  ],
  [
    'l2tpv3 over UDP, IPv6, with all options that there are',
    { ...l2tp, ...all, src: v6('::1'), dst: v6('::1'), srcport: 1706, dstport: 1707 },
    { ...l2tp, ...all, src: v6('::1'), dst: v6('::1'), srcport: 1707, dstport: 1706 },
  ],
];
test('a kernel takes as many options as the longest of these has', () => {
  const longest = tunnels.flatMap(
    ([, spec]) => vectorArgument(0, spec, '02:00:00:00:00:01').split(',').length,
  );
  expect(Math.max(...longest)).toBe(networkLimits.vectorOptions);
});

test.each(tunnels)('%s', async (_, left, right) => {
  const [one, other] = await Promise.all([wired(left, 1), wired(right, 2)]);
  await talk(one, other);
});

/** What stands between guests is made as umlmon makes it. */
test.each(['tap', 'hybrid'] as const)('%s, in a named network', async (kind) => {
  const plan = planPrivateBridge({ network: 'lab', owner: lab.directory });
  const commands = (list: readonly (readonly string[])[]) => list.forEach((words) => void lab.ip(...words));
  commands(plan.make);
  lab.inside('nft', plan.rules);
  commands(plan.open);
  for (const tap of ['t1', 't2']) {
    lab.ip('tuntap', 'add', 'dev', tap, 'mode', 'tap', 'user', `${TEST_UID}`, 'vnet_hdr');
    commands(joinCommands(plan, tap));
  }
  const [one, other] = await Promise.all([
    wired({ kind, ifname: 't1' }, 1),
    wired({ kind, ifname: 't2' }, 2),
  ]);
  await talk(one, other);
  await lab.clear();
  for (const tap of ['t1', 't2']) lab.ip('link', 'del', 'dev', tap);
  commands(plan.remove);
  lab.inside('nft', plan.forget);
});

test('raw, at the ends of a veth pair', async () => {
  lab.ip('link', 'add', 'name', 'v1', 'up', 'type', 'veth', 'peer', 'name', 'v2');
  lab.ip('link', 'set', 'v2', 'up');
  const [one, other] = await Promise.all([
    wired({ kind: 'raw', ifname: 'v1', depth: 128 }, 1),
    wired({ kind: 'raw', ifname: 'v2', depth: 128 }, 2),
  ]);
  await talk(one, other);
  await lab.clear();
  lab.ip('link', 'del', 'v1');
});

/** Perl has sequential packet sockets, which Node has not; what it makes lasts until its input ends. */
async function perl(program: string, ...args: readonly string[]): Promise<ChildProcess & { pid: number }> {
  const source = `use Socket; $| = 1; ${program}`;
  const child = spawn('perl', ['-e', source, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const { pid } = child;
  if (pid === undefined) throw new Error('perl is not installed');
  return Object.assign(child, { pid });
}

test('fd, the ends of a socketpair', async () => {
  const maker = await perl(
    '$^F = 99; socketpair(my $a, my $b, AF_UNIX, SOCK_SEQPACKET, 0) or die; print fileno($a), " ", fileno($b); <STDIN>',
  );
  const pidfd = pidfdOpen(maker.pid);
  const ends = [3, 4].map((fd) => pidfdGetfd(pidfd, fd));
  closeSync(pidfd);
  maker.kill('SIGKILL');
  const guests = ends.map((end, n) => wired({ kind: 'fd', fd: '3' }, n + 1, [end]));
  const [one, other] = await Promise.all(guests);
  for (const end of ends) closeSync(end);
  if (!one || !other) throw new Error('no guests');
  await talk(one, other);
  // As its description says: the descriptor is gone with the first down.
  expect(await other.run('ip link set vec0 down; ip link set vec0 up || echo still down')).toMatch(
    /^still down/m,
  );
});

test('bess, with a switch of two ports', async () => {
  const path = join(lab.sockets, 'switch');
  const hub = await perl(
    `socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die; chmod 0777, $ARGV[0];
     listen($s, 5); print "ready"; accept(my $a, $s); accept(my $b, $s);
     for (;;) {
       my $ready = ''; vec($ready, fileno($_), 1) = 1 for $a, $b; select($ready, undef, undef, undef);
       for ([$a, $b], [$b, $a]) {
         next unless vec($ready, fileno($_->[0]), 1);
         recv($_->[0], my $frame, 70000, 0); sleep 99 if $frame eq ''; send($_->[1], $frame, 0);
       }
     }`,
    path,
  );
  const spec = (n: number): TransportSpec => ({
    kind: 'bess',
    dst: path,
    src: join(lab.sockets, `port${n}`),
  });
  const [one, other] = await Promise.all([wired(spec(1), 1), wired(spec(2), 2)]);
  await talk(one, other);
  // As its description says: what the kernel has bound stays, and keeps it from binding it again.
  const again = 'ip link set vec0 down; ip link set vec0 up || echo still down';
  expect(await other.run(again)).toMatch(/^still down/m);
  rmSync(join(lab.sockets, 'port2'));
  expect(await other.run(again)).not.toMatch(/^still down/m);
  hub.kill('SIGKILL');
});

test('without the right to raw sockets the guest cannot set its interface up', async () => {
  const guest = await lab.guest({
    args: [vectorArgument(0, { kind: 'raw', ifname: 'lo' }, '02:00:00:00:00:01')],
  });
  expect(await guest.run('ip link set vec0 up || echo refused')).toContain('refused');
});

test('l2tpv3 on the wire is that of RFC 3931', async () => {
  const program = `const socket = require('node:dgram').createSocket('udp4').bind(1800, '127.0.0.1', () => console.log('ready'));
    socket.once('message', (packet) => { console.log(packet.toString('hex')); process.exit(); })`;
  const peer = spawn('nsenter', [`--net=/run/netns/${lab.namespace}`, process.execPath, '-e', program]);
  await once(peer.stdout, 'data');
  const packet = once(peer.stdout, 'data');
  const ends = { src: v4('127.0.0.1'), dst: v4('127.0.0.1'), srcport: 1801, dstport: 1800, udp: true };
  const words = {
    rx_session: 1,
    tx_session: 0xfedcba98,
    rx_cookie: '0x2',
    tx_cookie: '0xffffff01',
    counter: true,
  };
  const guest = await wired({ kind: 'l2tpv3', ...ends, ...words }, 1);
  await guest.run('ping -c 1 -W 1 10.9.0.2 >/dev/null || true');
  // Version 3 of a data message, session, cookie, counter; then a frame to all or to a group, from the guest.
  expect(String(await packet)).toMatch(
    /^00030000fedcba98ffffff01(?:000000..)(?:ffffffffffff|3333.{8})020000000001/,
  );
});
