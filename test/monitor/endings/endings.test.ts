/** Every way for a real guest to end: exit record, events and what the policy does. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { Event, ExitRecord, VmInfo } from '../../../src/rpc/umlmonctrl.gen.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});

afterEach(() => world.close());

interface Booted {
  readonly client: MonitorClient;
  readonly info: VmInfo;
}

async function boot(keys: string): Promise<Booted> {
  world.configure({ vm1: `ubd0 = /disks/root.dsk\n${keys}` });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  return { client, info: await client.call('info', undefined) };
}

async function eventsSince(client: MonitorClient, since: number): Promise<readonly Event[]> {
  const found: Event[] = [];
  for (let next = since; ; ) {
    const list = await client.call('events', { since: next, max: 64, waitMs: 0 });
    if (list.events.length === 0) return found;
    found.push(...list.events);
    next = list.next;
  }
}

/** What happened, without the steps of starts and the comings and goings of viewers. */
async function happened(client: MonitorClient, since: number): Promise<string[]> {
  return (await eventsSince(client, since))
    .filter(
      ({ kind }) => !/^(?:start-step|console-|operation-|state|guest-message|ready|crash-bundle)/.test(kind),
    )
    .map(({ kind }) => kind);
}

const typed = (line: string) => async (client: MonitorClient) =>
  (await GuestShell.open(client)).type(`${line}\r`);

const sent = (signal: NodeJS.Signals) => async (_client: MonitorClient, info: VmInfo) =>
  void process.kill(info.kernelPid, signal);

function mconsole(info: VmInfo, command: string, timeout = 20_000): string {
  return spawnSync('nsenter', ['-t', `${info.kernelPid}`, '-n', 'uml_mconsole', info.mconsole, command], {
    encoding: 'utf8',
    timeout,
  }).stdout;
}

/** A kernel that dies of a command does not answer it. */
const kicked = (command: string) => async (_client: MonitorClient, info: VmInfo) =>
  void mconsole(info, command, 1000);

/**
 * The datagram that uml_watchdog(1) sends, as recorded from Debian's, from a process of the jail. The process stays, as
 * the kernel keeps that of its watchdog.
 */
async function notifyHang({ kernelPid }: VmInfo): Promise<void> {
  const script = `
import os, socket, sys
os.setgroups([]); os.setgid(${vmUid}); os.setuid(${vmUid})
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(bytes.fromhex('bebafeca00000000020000000200000000000000ff7f0000'), sys.argv[1])
print('sent', flush=True)
sys.stdin.read()`;
  const socket = join(world.varDir, 'vm1/run/mon/notify');
  const words = ['--target', `${kernelPid}`, '--pid', '--', 'python3', '-c', script, socket];
  const child = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => undefined);
  watchdogs.push(child);
  // A monitor that kills the jail at once ends this process before it can say so.
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
}
const watchdogs: ChildProcess[] = [];
afterEach(() => {
  for (const child of watchdogs.splice(0)) child.stdin?.end();
});

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

  test(`${policy} = keep: down, and kept`, async () => {
    const { client, info } = await end('keep');
    expect(await happened(client, info.eventsNext)).toEqual([...before, 'exit', 'preserved']);
    expect(await client.call('info', undefined)).toMatchObject({
      state: 'stopped',
      lastExit: exit,
      held: { kind: 'preserved', why: `${policy} = keep` },
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
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\non_crash = keep\nstart = boot' });
  await world.startMonitor('vm1');
  const next = await world.client('vm1');
  expect(await waitForEvent(next, 'preserved')).toContain('not booted: on_crash = preserve');
  expect(existsSync(left)).toBe(true);
  expect(await next.call('info', undefined)).toMatchObject({ state: 'stopped', held: { kind: 'preserved' } });
  expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(
    /held +kept since \S+ \S+: on_crash = preserve/,
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
  writeFileSync(join(world.varDir, 'vm1/log/deaths.json'), '{"tally":[{"at":"x"}],"held":{"kind":"kept"}}');
  const { info } = await boot('');
  expect(info).toMatchObject({ state: 'running', held: null });
});

describe('a kernel that hangs', () => {
  const keys = 'hang_check = 1s\n';

  test('on_hang = preserve: reported with what was found, and over when it answers again', async () => {
    const { client, info } = await boot(`${keys}on_hang = preserve`);
    process.kill(info.kernelPid, 'SIGSTOP');
    expect(await waitForEvent(client, 'hang', info.eventsNext)).toMatch(
      new RegExp(`no answer within 5000 ms; process ${info.kernelPid} is stopped; on_hang = preserve$`),
    );
    const hung = await client.call('info', undefined);
    expect(hung).toMatchObject({ state: 'running', kernelPid: info.kernelPid });
    expect(hung.hungSince).toBeGreaterThan(info.stateSince);
    expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(/hung since +\d{4}-\d\d-\d\d/);
    process.kill(info.kernelPid, 'SIGCONT');
    await waitForEvent(client, 'hang-ended', info.eventsNext);
    expect(await happened(client, info.eventsNext)).toEqual(['hang', 'hang-ended']);
    expect((await client.call('info', undefined)).hungSince).toBe(0);
    expect((await (await GuestShell.open(client)).run('echo alive')).output).toBe('alive');
  }, 60_000);

  const exit = { cause: 'hang', code: -1, signal: 9, askedBy: 'on_hang' };

  test('on_hang = stop: killed', async () => {
    const { client, info } = await boot(`${keys}on_hang = stop`);
    process.kill(info.kernelPid, 'SIGSTOP');
    await waitForEvent(client, 'exit', info.eventsNext);
    await expect.poll(async () => (await client.call('info', undefined)).state).toBe('stopped');
    expect(await happened(client, info.eventsNext)).toEqual(['hang', 'exit']);
    expect((await client.call('info', undefined)).lastExit).toMatchObject(exit);
    expect(existsSync(`/proc/${info.kernelPid}`)).toBe(false);
  }, 60_000);

  test('on_hang = restart: killed and started again', async () => {
    const { client, info } = await boot(`${keys}on_hang = restart`);
    process.kill(info.kernelPid, 'SIGSTOP');
    await waitForEvent(client, 'guest-message', info.eventsNext);
    expect(await happened(client, info.eventsNext)).toEqual(['hang', 'exit', 'restart', 'kernel-up']);
    expect(await client.call('info', undefined)).toMatchObject({
      state: 'running',
      hungSince: 0,
      lastExit: exit,
    });
  }, 60_000);

  test('a guest that the management console has stopped does not hang', async () => {
    const { client, info } = await boot(`${keys}on_hang = restart`);
    expect(mconsole(info, 'stop')).toContain('OK');
    // Longer than a hang needs to be found: an interval and two questions of 5 s.
    await new Promise((resolve) => setTimeout(resolve, 14_000));
    expect(await happened(client, info.eventsNext)).toEqual([]);
    mconsole(info, 'go');
    expect((await (await GuestShell.open(client)).run('echo alive')).output).toBe('alive');
  }, 60_000);

  test('on_hang = preserve: what the watchdog of the guest reports lasts as long as the kernel', async () => {
    const { client, info } = await boot(`${keys}on_hang = preserve`);
    await notifyHang(info);
    await notifyHang(info);
    expect(await waitForEvent(client, 'hang', info.eventsNext)).toContain('watchdog of the guest');
    // The kernel answers the next questions; its programs may hang all the same.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await happened(client, info.eventsNext)).toEqual(['hang']);
    expect((await client.call('info', undefined)).hungSince).toBeGreaterThan(0);
    await client.call('kill', undefined);
    expect(await client.call('info', undefined)).toMatchObject({
      hungSince: 0,
      lastExit: { cause: 'killed', askedBy: 'uid 0' },
    });
  });

  test('on_hang = restart: what the watchdog of the guest reports is acted on, also without questions', async () => {
    const { client, info } = await boot('hang_check = off\non_hang = restart');
    await notifyHang(info);
    await waitForEvent(client, 'guest-message', info.eventsNext);
    expect(await happened(client, info.eventsNext)).toEqual(['hang', 'exit', 'restart', 'kernel-up']);
    expect((await client.call('info', undefined)).lastExit).toMatchObject(exit);
  });

  test('a kernel that hangs when its monitor starts is unmanaged, whatever on_hang is', async () => {
    const { info } = await boot(`${keys}on_hang = restart`);
    await world.killMonitor('vm1');
    process.kill(info.kernelPid, 'SIGSTOP');
    await world.startMonitor('vm1');
    const client = await world.client('vm1');
    expect(await waitForEvent(client, 'unmanaged')).toContain('no answer within 5000 ms');
    expect(existsSync(`/proc/${info.kernelPid}`)).toBe(true);
  }, 60_000);

  test('hang_check = off asks nothing', async () => {
    const { client, info } = await boot('hang_check = off\non_hang = stop');
    process.kill(info.kernelPid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 14_000));
    expect(await happened(client, info.eventsNext)).toEqual([]);
    process.kill(info.kernelPid, 'SIGCONT');
  }, 60_000);
});
