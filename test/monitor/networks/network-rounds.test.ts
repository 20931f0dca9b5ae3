/** Start, stop, kill -9 and cleanup, again and again: the network of the host is the same before and after. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { NetNamespace } from '../../helpers/host/net-namespace.ts';
import { World } from '../../helpers/programs/world.ts';
import { rounds } from '../../helpers/rounds.ts';

const ways = Number(process.env.UMLMON_TEST_ROUNDS ?? rounds(8, 20));
/** A second or so each; a busy host takes longer. */
const patienceMs = 300_000;

let host: NetNamespace;
let neighbour: NetNamespace;
let world: World;

beforeEach(() => {
  [host, neighbour] = [new NetNamespace(), new NetNamespace()];
  host.connect('lan0', neighbour, 'lan0');
  host.connect('cable', neighbour, 'cable');
  host.run('ip link add br0 type bridge');
  host.run('ip link set cable master br0');
  host.run('ip link set br0 up');
  while (!host.run('ip link show br0').includes('state UP')) host.run('sleep 0.01');
  host.run('sysctl -qw net.ipv6.conf.all.forwarding=1');
  world = new World(host.name);
  world.configure({
    vm1: [
      'ubd0 = /disks/root.dsk',
      'mem = 64M',
      'eth0 = host_to_host(proxy_if=p0, proxy_addr=10.8.0.1, guest_addr=10.9.0.2, host_if=lan0)',
      'eth1 = host_to_host(proxy_if=p1, proxy_addr=fd00:8::1, guest_addr=fd00:9::2, host_if=lan0)',
      'eth2 = bridged(bridge_if=br0, proxy_if=p2, isolated=true)',
      'eth3 = network(name=lab)',
      'eth4 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2, forward=8080:80)',
      'eth5 = nat(name=six, subnet=fd07::/64, guest_addr=fd07::2, forward=udp:53:53)',
    ].join('\n'),
  });
  world.addImage('vm1');
});

afterEach(async () => {
  await world.close();
  for (const one of [host, neighbour]) one.close();
});

/** What comes at run time; as every round has it, it also must go in every way. */
const plugged = 'host_to_host(proxy_if=p3, proxy_addr=10.8.1.1, guest_addr=10.9.1.2, host_if=lan0)';

/** How a round ends, from the moment at which the VM runs, or is on its way. */
const ends: Readonly<Record<string, (client: MonitorClient) => Promise<unknown>>> = {
  stop: (client) => client.call('stop', { timeoutMs: 0 }),
  kill: (client) => client.call('kill', undefined),
  'the kernel dies': async (client) => {
    process.kill((await client.call('info', undefined)).kernelPid, 'SIGKILL');
    while ((await client.call('info', undefined)).state !== 'stopped') await delay(5);
  },
  'the monitor dies, the next one stops the VM': async () => {
    await world.killMonitor('vm1');
    expect(taps()).toBe(4);
    await withMonitor(async (client) => {
      expect(await client.call('info', undefined)).toMatchObject({ state: 'running' });
      expect(taps()).toBe(4);
      await client.call('stop', { timeoutMs: 0 });
    });
  },
  'both die, the next monitor cleans up': async (client) => {
    const { kernelPid } = await client.call('info', undefined);
    await world.killMonitor('vm1');
    await killKernel(kernelPid);
    await withMonitor(async (next) =>
      expect(await next.call('info', undefined)).toMatchObject({ state: 'stopped' }),
    );
  },
  'both die, umlmon -cleanup': async (client) => {
    const { kernelPid } = await client.call('info', undefined);
    await world.killMonitor('vm1');
    await killKernel(kernelPid);
    expect(world.run('umlmon', ['-cleanup', 'vm1'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/interface p0\n.*interface p1\n.*interface p2/s),
    });
  },
};

/** Resolves when nothing of it is left: its sandbox ends some moments after it. */
async function killKernel(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  const lock = join(world.varDir, 'vm1/vm.lock');
  expect(existsSync(lock)).toBe(true);
  while (spawnSync('flock', ['-n', lock, 'true']).status !== 0) await delay(5);
}

/** What is to be the same again. */
function state(): string {
  return `${host.state()}\n${host.run('nft list ruleset')}`;
}

function taps(): number {
  return host.run('ip -o link show').match(/: p\d:/g)?.length ?? 0;
}

async function withMonitor(work: (client: MonitorClient) => Promise<unknown>): Promise<void> {
  const monitor = await world.startMonitor('vm1');
  const client = await world.client('vm1');
  try {
    await work(client);
  } finally {
    client.close();
    if (monitor.exitCode === null && monitor.signalCode === null) await world.signalMonitor('vm1', 'SIGTERM');
  }
}

test(
  `${ways} rounds of all ends`,
  async () => {
    const before = state();
    for (let round = 0; round < ways; round++) {
      const [name = '', end] = Object.entries(ends)[round % Object.keys(ends).length] ?? [];
      await withMonitor(async (client) => {
        await client.call('start', undefined);
        expect(taps(), name).toBe(3);
        await client.call('plugNetwork', { unit: 6, network: plugged });
        expect(taps(), name).toBe(4);
        await end?.(client);
      });
      expect(state(), `round ${round}: ${name}`).toBe(before);
    }
  },
  patienceMs,
);

test(
  'SIGKILL at any moment of a start: the next monitor removes everything, or takes over',
  async () => {
    const before = state();
    let usualMs = 0;
    await withMonitor(async (client) => {
      const began = performance.now();
      await client.call('start', undefined);
      usualMs = performance.now() - began;
      await client.call('kill', undefined);
    });
    const kills = rounds(6, 20);
    for (let round = 0; round < kills; round++) {
      const ms = (usualMs * (round + 0.5)) / kills;
      await withMonitor(async (client) => {
        const started = client.call('start', undefined).catch((error: unknown) => toFailure(error));
        await delay(ms);
        await world.killMonitor('vm1');
        await started;
      });
      await withMonitor(async (client) => {
        const { state } = await client.call('info', undefined);
        if (state !== 'stopped') await client.call('kill', undefined);
      });
      expect(state(), `after ${ms} of ${usualMs} ms`).toBe(before);
    }
  },
  patienceMs,
);
