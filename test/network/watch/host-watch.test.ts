/** What wakes a monitor: only what concerns its VM, in a network namespace where much else happens. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changedRules } from '../../../src/network/rules/rule-messages.ts';
import { NetNamespace } from '../../helpers/host/net-namespace.ts';
import { buildProgram } from '../../helpers/programs/program.ts';

const program = `
import { HostWatch } from './src/network/watch/host-watch.ts';

const watch = new HostWatch({
  onLink: (tap, link) => console.log('link', tap, link),
  onHost: (what) => console.log('host', what),
});
watch.follow({ taps: ['t0'], links: ['p0', 'later'], tables: new Set(['umlmon-nat-1']) });
console.log('ready');
`;

let host: NetNamespace;
let child: ChildProcess;
let said = '';

beforeAll(async () => {
  host = new NetNamespace();
  host.run('ip link add p0 type bridge');
  host.run('ip link set p0 up');
  host.run('ip link add other type bridge');
  host.run('ip link set other up');
  host.run('ip tuntap add dev t0 mode tap');
  const path = await buildProgram('host-watch', { text: program });
  child = spawn('ip', ['netns', 'exec', host.name, process.execPath, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout?.on('data', (text) => {
    said += String(text);
  });
  while (!said.includes('ready')) await delay(20);
});
afterAll(() => {
  child.kill();
  host.close();
});

/** What is said after some commands: all that is expected, and what comes soon after it. */
async function after(commands: readonly string[], expected: readonly string[]): Promise<string[]> {
  // What was told just now is followed by a pause.
  await delay(600);
  said = '';
  for (const command of commands) host.run(command);
  const heard = () => [...new Set(said.split('\n').filter(Boolean))].sort();
  await expect.poll(heard, { timeout: 20_000 }).toEqual(expect.arrayContaining([...expected]));
  await delay(expected.length > 0 ? 200 : 800);
  return heard();
}

test.each<[string, string[], string[]]>([
  [
    'links, addresses, routes and settings of others',
    [
      'ip link add third type bridge',
      'ip address add 192.0.2.1/24 dev other',
      'ip route add 198.51.100.0/24 dev other',
      'ip route del 198.51.100.0/24 dev other',
      'sysctl -qw net.ipv4.conf.other.proxy_arp=1',
      'ip link set other down',
    ],
    [],
  ],
  ['an address', ['ip address add 10.0.0.1/24 dev p0'], ['host own']],
  ['a route to it', ['ip route add 198.51.100.0/24 dev p0'], ['host own']],
  ['the same route gone', ['ip route del 198.51.100.0/24 dev p0'], ['host own']],
  ['a setting', ['sysctl -qw net.ipv4.conf.p0.proxy_arp=1'], ['host own']],
  ['a setting of IPv6', ['sysctl -qw net.ipv6.conf.p0.forwarding=1'], ['host own']],
  ['a setting of all', ['sysctl -qw net.ipv4.ip_forward=1'], ['host own']],
  ['a default route', ['ip link set other up', 'ip route add default dev other'], ['host own']],
  ['an interface that is set down', ['ip link set p0 down'], ['host own']],
  ['an interface that comes later', ['ip link add later type bridge'], ['host own']],
  ['and that is known from then on', ['ip address add 10.1.0.1/24 dev later'], ['host own']],
  ['its end', ['ip link del later'], ['host own']],
  [
    'a table of another program, with a chain that sees packets',
    [
      'nft add table inet fw',
      'nft add chain inet fw in { type filter hook input priority 0 ; }'.replace(' in ', ' enter '),
    ],
    ['host others'],
  ],
  ['a rule of it', ['nft add rule inet fw enter accept'], ['host rules']],
  [
    'sets of it',
    [
      'nft add set inet fw s { type ipv4_addr ; }',
      'nft add element inet fw s { 192.0.2.7 }',
      'nft delete element inet fw s { 192.0.2.7 }',
    ],
    [],
  ],
  ['a table of another VM', ['nft add table inet umlmon-nat-2', 'nft delete table inet umlmon-nat-2'], []],
  ['a table of its own', ['nft add table inet umlmon-nat-1'], ['host own']],
  ['all rules flushed', ['nft flush ruleset'], ['host others', 'host own']],
])('%s', async (_, commands, expected) => {
  expect(await after(commands, expected)).toEqual(expected);
});

test('damaged messages about rules are read as far as they are valid', () => {
  const none = { tables: new Set(), hasHooks: false };
  for (const bytes of [[], [1, 2, 3], [0xff, 0xff, 0, 0, 2, 10], Array(64).fill(0), Array(64).fill(0xff)])
    expect(changedRules(Buffer.from(bytes))).toEqual(none);
  const message = Buffer.alloc(32);
  message.writeUInt32LE(200, 0);
  message.writeUInt16LE(0x0a02, 4);
  message.writeUInt16LE(60_000, 20);
  message.writeUInt16LE(1, 22);
  message.write('umlmon-x', 24);
  expect(changedRules(message)).toEqual({ tables: new Set(['umlmon-x']), hasHooks: true });
});
