/** Every way for a real guest to end: exit record, events and what the policy does. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { ExitRecord, VmInfo } from '../../../src/rpc/umlmonctrl.gen.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { type Booted, boot, eventsSince, happened, mconsole, world } from './booted.ts';

const typed = (line: string) => async (client: MonitorClient) =>
  (await GuestShell.open(client)).type(`${line}\r`);

const sent = (signal: NodeJS.Signals) => async (_client: MonitorClient, info: VmInfo) =>
  void process.kill(info.kernelPid, signal);

/** A kernel that dies of a command does not answer it. */
const kicked = (command: string) => async (_client: MonitorClient, info: VmInfo) =>
  void mconsole(info, command, 1000);

interface Ending {
  readonly name: string;
  readonly policy: string;
  readonly how: (client: MonitorClient, info: VmInfo) => Promise<void>;
  readonly exit: Partial<ExitRecord>;
  /** Events from the ending on, up to what the policy does. */
  readonly before?: readonly string[];
}

const panic = { cause: 'crash', code: -1, signal: 6, panic: 'sysrq triggered crash', askedBy: '' } as const;

const endings: readonly Ending[] = [
  {
    name: 'panic by root of the guest',
    policy: 'on_crash',
    how: typed('echo c > /proc/sysrq-trigger'),
    exit: panic,
    before: ['panic'],
  },
  {
    name: 'panic by sysrq of the management console',
    policy: 'on_crash',
    how: kicked('sysrq c'),
    exit: panic,
    before: ['panic'],
  },
  {
    name: 'kill -9 of the kernel process',
    policy: 'on_crash',
    how: sent('SIGKILL'),
    exit: { cause: 'crash', code: -1, signal: 9, panic: '', askedBy: '' },
  },
  {
    name: 'SIGTERM to the kernel process',
    policy: 'on_crash',
    how: sent('SIGTERM'),
    exit: { cause: 'crash', code: 1, signal: 0, panic: '', askedBy: '' },
  },
  {
    name: 'poweroff -f',
    policy: 'on_poweroff',
    how: typed('poweroff -f'),
    exit: { cause: 'poweroff', code: 0, signal: 0, askedBy: '' },
  },
  {
    name: 'halt',
    policy: 'on_poweroff',
    how: typed('halt'),
    exit: { cause: 'poweroff', code: 0, signal: 0, askedBy: '' },
  },
  {
    name: 'reboot -f',
    policy: 'on_reboot',
    how: typed('reboot -f'),
    exit: { cause: 'reboot', code: 0, signal: 0, askedBy: '' },
  },
];

describe.each(endings)('$name', ({ policy, how, exit, before = [] }) => {
  async function end(value: string): Promise<Booted> {
    const { client, info } = await boot(`${policy} = ${value}`);
    await how(client, info);
    await waitForEvent(client, 'exit', info.eventsNext);
    return { client, info };
  }

  test(`${policy} = stop: down, and nothing else`, async () => {
    const { client, info } = await end('stop');
    expect(await happened(client, info.eventsNext)).toEqual([...before, 'exit']);
    expect(await client.call('info', undefined)).toMatchObject({
      state: 'stopped',
      lastExit: exit,
      held: null,
    });
  });

  test(`${policy} = restart: runs again`, async () => {
    const { client, info } = await end('restart');
    await waitForEvent(client, 'guest-message', info.eventsNext);
    expect(await happened(client, info.eventsNext)).toEqual([...before, 'exit', 'restart', 'kernel-up']);
    expect(await client.call('info', undefined)).toMatchObject({
      state: 'running',
      lastExit: exit,
      held: null,
    });
  });

  test(`${policy} = preserve: stopped and preserved`, async () => {
    const { client, info } = await end('preserve');
    expect(await happened(client, info.eventsNext)).toEqual([...before, 'exit', 'preserved']);
    expect(await client.call('info', undefined)).toMatchObject({
      state: 'stopped',
      lastExit: exit,
      held: { kind: 'preserved', why: `${policy} = preserve` },
    });
  });
});

test('a preserved VM stays so under new monitors, also with start = boot, until a user starts it', async () => {
  const { client, info } = await boot('on_crash = preserve\nstart = manual');
  process.kill(info.kernelPid, 'SIGKILL');
  await waitForEvent(client, 'preserved');
  const left = join(world.varDir, 'vm1/run/uml/vm1');
  expect(existsSync(left)).toBe(true);
  await world.killMonitor('vm1');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\non_crash = preserve\nstart = boot' });
  await world.startMonitor('vm1');
  const next = await world.client('vm1');
  expect(await waitForEvent(next, 'preserved')).toContain('not booted: on_crash = preserve');
  expect(existsSync(left)).toBe(true);
  expect(await next.call('info', undefined)).toMatchObject({ state: 'stopped', held: { kind: 'preserved' } });
  expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(
    /held +preserved since \S+ \S+: on_crash = preserve/,
  );

  expect(await next.call('start', undefined)).toMatchObject({ state: 'running' });
  expect((await next.call('info', undefined)).held).toBeNull();
});

test('umlmon -cleanup ends it as well', async () => {
  const { client, info } = await boot('on_crash = preserve');
  process.kill(info.kernelPid, 'SIGKILL');
  await waitForEvent(client, 'preserved');
  await world.killMonitor('vm1');
  expect(world.run('umlmon', ['-cleanup', 'vm1', '-json']).stdout).toContain('deaths.json');
  await world.startMonitor('vm1');
  expect((await (await world.client('vm1')).call('info', undefined)).held).toBeNull();
});

test('a reboot loop ends by the tally, which a new monitor does not forget, and a start clears', async () => {
  // It reboots as soon as the monitor, on a busy host too, has seen that it is up.
  const keys = 'append = init=/bin/busybox -- sh -c "sleep 1 && reboot -f"\nrestart_limit = 2 in 1m';
  world.configure({ vm1: `ubd0 = /disks/root.dsk\n${keys}` });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await client.call('start', undefined);
  expect(await waitForEvent(client, 'restart-limit')).toBe(
    'more than 2 unexpected exits in 60 s (restart_limit)',
  );
  expect(await happened(client, 1)).toEqual([
    'monitor-started',
    ...['kernel-up', 'exit', 'restart', 'kernel-up', 'exit', 'restart', 'kernel-up', 'exit', 'restart-limit'],
  ]);
  const delays = (await eventsSince(client, 1))
    .filter(({ kind }) => kind === 'restart')
    .map(({ attributes }) => Number(attributes.find(({ name }) => name === 'delay_ms')?.value));
  expect(delays[1]).toBeGreaterThan(delays[0] ?? 0);
  expect(JSON.parse(world.run('umlwatch', ['vm1', '-info', '-json']).stdout)).toMatchObject({
    state: 'stopped',
    held: { kind: 'restart-limit' },
    lastExit: { cause: 'reboot' },
  });

  await world.killMonitor('vm1');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nstart = boot' });
  await world.startMonitor('vm1');
  const next = await world.client('vm1');
  expect(await waitForEvent(next, 'restart-limit')).toContain(
    'not booted: more than 2 unexpected exits in 60 s',
  );
  expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(/held +gave up at /);
  await next.call('start', undefined);
  expect(await next.call('info', undefined)).toMatchObject({ state: 'running', held: null });
  expect(existsSync(join(world.varDir, 'vm1/log/deaths.json'))).toBe(false);
});

test('a monitor that adopts a guest continues the count', async () => {
  const { client, info } = await boot('on_crash = restart\nrestart_limit = 1 in 10m');
  process.kill(info.kernelPid, 'SIGKILL');
  await waitForEvent(client, 'kernel-up', info.eventsNext);
  await world.killMonitor('vm1');
  await world.startMonitor('vm1');
  const next = await world.client('vm1');
  const { kernelPid } = await next.call('info', undefined);
  process.kill(kernelPid, 'SIGKILL');
  await waitForEvent(next, 'restart-limit');
  expect((await next.call('info', undefined)).held).toMatchObject({ kind: 'restart-limit' });
});

test('a restart that fails counts as an unexpected exit and is repeated', async () => {
  const { client, info } = await boot('on_crash = restart\nrestart_limit = 2 in 10m');
  world.configure({ vm1: 'ubd0 = /disks/missing.dsk\non_crash = restart' });
  process.kill(info.kernelPid, 'SIGKILL');
  await waitForEvent(client, 'restart-limit', info.eventsNext);
  expect(await happened(client, info.eventsNext)).toEqual(['exit', 'restart', 'restart', 'restart-limit']);
});

test('a damaged record of unexpected exits counts as empty', async () => {
  mkdirSync(join(world.varDir, 'vm1/log'), { recursive: true });
  writeFileSync(
    join(world.varDir, 'vm1/log/deaths.json'),
    '{"tally":[{"at":"x"}],"held":{"kind":"preserved"}}',
  );
  const { info } = await boot('');
  expect(info).toMatchObject({ state: 'running', held: null });
});
