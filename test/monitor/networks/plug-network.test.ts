/** Network interfaces that come and go while a VM runs, on the real kernel, in a network namespace of the test. */
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell } from '../../helpers/guest/guest.ts';
import { NetworkWorld } from '../../helpers/host/network-world.ts';
import { program } from '../../helpers/programs/world.ts';

let lan: NetworkWorld;
const opened: MonitorClient[] = [];
beforeEach(() => {
  lan = new NetworkWorld();
});
afterEach(async () => {
  for (const client of opened.splice(0)) client.close();
  await lan.close();
});

/** As `NetNamespace.state`, and the rules of nftables. */
function state(): string {
  return `${lan.host.state()}\n${lan.host.run('nft list ruleset')}`;
}

const watch = (...words: string[]) => lan.world.run('umlwatch', ['vm1', ...words]);
const units = async (client: MonitorClient) =>
  (await client.call('info', undefined)).networks.map(({ unit }) => unit);
const lab = 'eth0 = network(name=lab)';
const toHost = 'host_to_host(proxy_if=p1, proxy_addr=10.8.0.1, guest_addr=10.8.0.2)';

test('an interface is plugged, carries traffic, and is unplugged when the guest has set it down', async () => {
  const before = state();
  await lan.monitors({ vm1: lab });
  const shell = await lan.start('vm1');
  const started = state();
  expect(watch('-plug-net', 'eth3', toHost)).toMatchObject({ status: 0, stdout: `vm1: eth3 is ${toHost}\n` });
  const info = watch('-info').stdout;
  expect(info).toMatch(/eth3 +host_to_host +vec3 of the guest +p1 +not up in the guest .* plugged$/m);
  // What it says works when it is typed as it stands.
  for (const line of info.match(/^ {2}ip .* vec3.*$/gm) ?? [])
    expect(await shell.run(line), line).toMatchObject({ status: 0 });
  expect(await shell.run('ping -c 1 -W 2 10.8.0.1')).toMatchObject({ status: 0 });
  expect(lan.host.succeeds('busybox ping -c 1 -W 2 10.8.0.2')).toBe(true);

  // Up: the kernel does not let it go, and all stays as it is.
  expect(watch('-unplug-net', 'eth3')).toMatchObject({
    status: 5,
    stderr: expect.stringContaining('the guest has vec3 up (hint: ip link set vec3 down in the guest first)'),
  });
  expect(await shell.run('ping -c 1 -W 2 10.8.0.1')).toMatchObject({ status: 0 });
  await shell.run('ip link set vec3 down');
  expect(watch('-unplug-net', 'eth3')).toMatchObject({ status: 0, stdout: 'vm1: eth3 is unplugged\n' });
  expect(await shell.run('ip link show vec3')).not.toMatchObject({ status: 0 });
  expect(state()).toBe(started);

  // The number is free for another kind.
  expect(watch('-plug-net', 'eth3', 'network(name=lab)')).toMatchObject({ status: 0 });
  expect(await shell.run('ip link set vec3 up')).toMatchObject({ status: 0 });
  await lan.client('vm1').call('stop', { timeoutMs: 0 });
  expect(state()).toBe(before);
  // A start brings back what is configured.
  await lan.start('vm1');
  expect(await units(lan.client('vm1'))).toEqual([0]);
});

test('what cannot be plugged is refused with its reason, and changes nothing', async () => {
  await lan.monitors({
    vm1: `${lab}\neth1 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2, forward=80:80)`,
  });
  lan.host.run('ip link add br0 type bridge');
  const down = watch('-plug-net', 'eth2', 'network(name=lab)');
  expect(down).toMatchObject({ status: 5, stderr: expect.stringContaining('it is stopped') });
  await lan.start('vm1');
  const before = state();
  const refused = (network: string, unit = 2) => lan.client('vm1').call('plugNetwork', { unit, network });
  const cases: [string, string, RegExp][] = [
    ['network(name=)', 'CONFIG_BAD_VALUE', /is not ARGUMENT=VALUE/],
    ['bridged(bridge_if=none, proxy_if=p2)', 'NETWORK_MISSING', /no interface none/],
    [
      'host_to_host(proxy_if=br0, proxy_addr=10.8.0.1, guest_addr=10.8.0.2)',
      'NETWORK_IN_USE',
      /already has an interface br0/,
    ],
    ['host_to_host(proxy_if=p2, proxy_addr=10.7.0.1, guest_addr=10.8.0.2)', 'NETWORK_IN_USE', /10\.7\.0\.1/],
    ['network(name=lab, hub=on)', 'NETWORK_IN_USE', /another interface has the network lab with hub=off/],
    ['nat(name=web2, subnet=10.6.0.0/24, guest_addr=10.6.0.2, forward=80:81)', 'NETWORK_IN_USE', /port 80/],
    ['raw(ifname=br0)', 'NETWORK_PRIVILEGE', /without CAP_NET_RAW/],
    ['fd(fd=wire)', 'NETWORK_PRIVILEGE', /descriptor/],
    ['bess(dst=/run/uml/switch)', 'NETWORK_PRIVILEGE', /without the right to connect/],
    [
      'l2tpv3(udp=on, src=127.0.0.1, dst=127.0.0.1, srcport=1707, dstport=1708, rx_session=1, tx_session=1)',
      'NETWORK_PRIVILEGE',
      /the jail was started without the right to sockets of AF_INET/,
    ],
  ];
  for (const [network, code, reason] of cases)
    await expect(refused(network), network).rejects.toMatchObject({
      code,
      reason: expect.stringMatching(reason),
    });
  await expect(refused('network(name=lab)', 0)).rejects.toMatchObject({ code: 'NETWORK_UNIT' });
  await expect(refused('network(name=lab)', 16)).rejects.toMatchObject({ code: 'CONFIG_UNKNOWN_KEY' });
  await expect(lan.client('vm1').call('unplugNetwork', 2)).rejects.toMatchObject({ code: 'NETWORK_UNIT' });
  expect(state()).toBe(before);
  expect(await units(lan.client('vm1'))).toEqual([0, 1]);
});

async function nextMonitor(): Promise<MonitorClient> {
  await lan.world.startMonitor('vm1');
  const client = await lan.world.client('vm1');
  opened.push(client);
  return client;
}

test('plugged interfaces outlive their monitor, and end with the VM, however it ends', async () => {
  lan.host.connect('lan0', lan.namespace(), 'lan0');
  lan.host.run('ip addr add 10.9.0.1/24 dev lan0');
  const before = state();
  await lan.monitors({ vm1: lab });
  const shell = await lan.start('vm1');
  const proxied = toHost.replace('10.8.0.2', '10.9.0.2').replace(')', ', host_if=lan0)');
  const client = lan.client('vm1');
  await client.call('plugNetwork', { unit: 1, network: proxied });
  const nat = 'nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2, forward=80:80)';
  await client.call('plugNetwork', { unit: 2, network: nat });
  await client.call('plugNetwork', { unit: 3, network: nat.replace('0.2', '0.3').replace('80:80', '81:80') });
  await client.call('unplugNetwork', 0);
  expect(await shell.run('ip link set vec1 up && ip addr add 10.9.0.2 peer 10.8.0.1 dev vec1')).toMatchObject(
    {
      status: 0,
    },
  );
  const running = state();
  await lan.world.killMonitor('vm1');

  const next = await nextMonitor();
  expect(state()).toBe(running);
  const { networks } = await next.call('info', undefined);
  expect(networks.map(({ unit, plugged, settled, link }) => [unit, plugged, settled, link])).toEqual([
    [1, true, true, 'up'],
    [2, true, true, 'down'],
    [3, true, true, 'down'],
  ]);
  const again = await GuestShell.again(next);
  expect(await again.run('ping -c 1 -W 2 10.8.0.1')).toMatchObject({ status: 0 });
  // Each of the ports goes with its own interface, and the network with the last one.
  await next.call('unplugNetwork', 3);
  expect(lan.host.run('nft list ruleset')).toMatch(/dport 80 dnat ip to 10\.7\.0\.2:80/);
  expect(lan.host.run('nft list ruleset')).not.toContain('dport 81');
  await next.call('unplugNetwork', 2);
  expect(lan.host.run('nft list ruleset')).not.toContain('10.7.0');
  expect(lan.host.run('ip link show')).not.toContain('web-');

  // Kernel and monitor die at once: the tables are those from before all the same.
  const { kernelPid } = await next.call('info', undefined);
  await lan.world.killMonitor('vm1');
  process.kill(kernelPid, 'SIGKILL');
  await expect.poll(() => lan.world.run('umlmon', ['-cleanup', 'vm1']).status).toBe(0);
  expect(state()).toBe(before);
});

test('monitors killed at any moment of a plug or unplug: host and kernel agree afterwards', async () => {
  const before = state();
  await lan.monitors({ vm1: lab });
  const shell = await lan.start('vm1');
  let client = lan.client('vm1');
  const began = performance.now();
  await client.call('plugNetwork', { unit: 1, network: toHost });
  const wholeMs = performance.now() - began;
  const rounds = 14;
  const seen = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const has = (await units(client)).includes(1);
    const change = has
      ? client.call('unplugNetwork', 1)
      : client.call('plugNetwork', { unit: 1, network: toHost });
    const ending = change.catch(() => undefined);
    // From at once to after its end, in an order that gives both of them all moments.
    await delay((1.5 * wholeMs * ((round * 5) % rounds)) / rounds);
    await lan.world.killMonitor('vm1');
    await ending;
    client = await nextMonitor();
    const { networks } = await client.call('info', undefined);
    const listed = networks.find(({ unit }) => unit === 1);
    const onHost = lan.host.run('ip -o link show').includes(' p1:');
    const again = await GuestShell.again(client);
    const inGuest = (await again.run('ip link show vec1')).status === 0;
    expect([round, listed !== undefined, listed?.settled ?? true]).toEqual([round, onHost, true]);
    expect([round, inGuest]).toEqual([round, onHost]);
    seen.add(`${has ? 'unplug' : 'plug'}: ${onHost ? 'there' : 'gone'}`);
  }
  console.log(`cut off: ${[...seen].sort().join(', ')}`);
  expect(shell).toBeDefined();
  await client.call('kill', undefined);
  expect(state()).toBe(before);
});

test('an interface that the guest has up when its unplug is interrupted stays', async () => {
  await lan.monitors({ vm1: lab });
  const shell = await lan.start('vm1', 'ip link set vec0 up');
  const asked = lan.client('vm1').call('unplugNetwork', 0);
  const ending = asked.catch(() => undefined);
  // It is tried for two seconds.
  await expect
    .poll(async () => (await lan.world.run('umlwatch', ['vm1', '-info'])).stdout)
    .toContain('unsure');
  await lan.world.killMonitor('vm1');
  await ending;
  const client = await nextMonitor();
  expect((await client.call('info', undefined)).networks).toMatchObject([
    { unit: 0, plugged: false, settled: true, link: 'up' },
  ]);
  expect(shell).toBeDefined();
}, 30_000);

test('only root and the user of the monitor may plug', async () => {
  await lan.monitors({ vm1: lab }, 'group = nogroup');
  await lan.start('vm1');
  spawnSync('chmod', ['-R', 'a+rX', lan.world.configPath]);
  const before = state();
  const { status, stderr } = spawnSync(
    'setpriv',
    [
      '--reuid=12345',
      '--regid=nogroup',
      '--clear-groups',
      program('umlwatch'),
      '-config',
      lan.world.configPath,
      'vm1',
      '-plug-net',
      'eth1',
      toHost,
    ],
    { encoding: 'utf8' },
  );
  expect({ status, stderr }).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('uid 12345 may not change the network of the host'),
  });
  expect(state()).toBe(before);
});
