/** A kernel that ends before its guest runs is a start that has failed, wherever it was asked for. */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { openDatagram, receiveDatagram } from '../../../src/system/native/native.ts';
import { waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});
afterEach(() => world.close());

async function monitorOf(text = ''): Promise<MonitorClient> {
  world.configure({ vm1: `ubd0 = /disks/root.dsk\n${text}` });
  await world.startMonitor('vm1');
  return world.client('vm1');
}

const early: [string, string, RegExp][] = [
  [
    'there is no init',
    'append = init=/nowhere',
    /^the kernel panicked before its guest ran: Requested init \/nowhere failed/,
  ],
  [
    'init ends at once',
    'append = init=/bin/false',
    /^the kernel panicked before its guest ran: Attempted to kill init/,
  ],
  [
    'the root is another file system',
    'append = rootfstype=xfs',
    /^the kernel panicked before its guest ran: VFS: Unable to mount root fs/,
  ],
];

test.each(early)('where %s, -start fails with the text of the panic', async (_title, text, cause) => {
  const client = await monitorOf(text);
  await expect(client.call('start', undefined)).rejects.toMatchObject({
    code: 'START_CRASHED',
    place: 'vm1',
    reason: expect.stringMatching(cause),
    hint: 'umlwatch vm1 -log con0',
  });
  const { state, lastExit } = await client.call('info', undefined);
  expect(state).toBe('stopped');
  expect(lastExit).toMatchObject({ cause: 'crash', con0Reason: expect.stringMatching(/./) });
  expect(lastExit?.lastLines).toMatch(/Kernel panic - not syncing: .*$/);
  expect(lastExit?.lastLines).not.toContain('Call Trace');
  const info = world.run('umlwatch', ['vm1', '-info']).stdout;
  expect(info).toMatch(/last lines of con0\n(?: {2}.*\n)* {2}Kernel panic - not syncing: .*\n\S/);
});

test('the caller gets what the console showed; events have the text of the panic only', async () => {
  const client = await monitorOf('append = rootfstype=xfs');
  const started = world.run('umlwatch', ['vm1', '-start']);
  expect(started).toMatchObject({ status: 1 });
  expect(started.stderr).toMatch(/^umlwatch: vm1: the kernel panicked .*: VFS: .*; con0 showed:/);
  expect(started.stderr).toContain('No filesystem could mount root');
  const { events } = await client.call('events', { since: 1, max: 512, waitMs: 0 });
  const ended = events.find(({ kind }) => kind === 'operation-ended');
  expect(ended?.text).toMatch(/^start failed: vm1: the kernel panicked before its guest ran: VFS: /);
  expect(ended?.text).not.toContain('No filesystem');
  expect(ended?.attributes).toContainEqual({ name: 'result', value: 'START_CRASHED' });
});

test('a guest that finishes its work and powers off at once is not a failure', async () => {
  const client = await monitorOf('append = init=/bin/busybox -- poweroff -f');
  await expect(client.call('start', undefined)).resolves.toMatchObject({ state: expect.anything() });
  expect(await waitForEvent(client, 'exit', 1)).toBe('poweroff');
});

test('a kernel that waits for its root counts as started after some seconds; a stop does not wait for that', async () => {
  const client = await monitorOf('append = rootdelay=60');
  const began = performance.now();
  const started = world.run('umlwatch', ['vm1', '-start']);
  expect(started.stdout).toMatch(/^vm1: running, .*; its guest runs no process yet\n/);
  expect(performance.now() - began).toBeLessThan(9_000);
  await client.call('kill', undefined);

  const again = client.call('start', undefined);
  await waitForEvent(client, 'kernel-up', (await client.call('info', undefined)).eventsNext - 1);
  const other = await world.client('vm1');
  const asked = performance.now();
  const stopped = other.call('kill', undefined);
  await expect(again).rejects.toMatchObject({ code: 'START_KILLED' });
  await stopped;
  expect(performance.now() - asked).toBeLessThan(3_000);
});

test('on_crash = restart counts such an end once, and gives up', async () => {
  const client = await monitorOf('append = init=/nowhere\non_crash = restart\nrestart_limit = 2 in 1m');
  await expect(client.call('start', undefined)).rejects.toMatchObject({ code: 'START_CRASHED' });
  await waitForEvent(client, 'restart-limit', 1);
  const { events } = await client.call('events', { since: 1, max: 512, waitMs: 0 });
  expect(events.filter(({ kind }) => kind === 'exit')).toHaveLength(3);
  expect(events.filter(({ kind }) => kind === 'restart')).toHaveLength(2);
});

test('a stop ends the wait of a start', async () => {
  const client = await monitorOf('append = rootdelay=60\nstop_timeout = 1s');
  const { eventsNext } = await client.call('info', undefined);
  const started = client.call('start', undefined);
  await waitForEvent(client, 'kernel-up', eventsNext);
  const other = await world.client('vm1');
  await other.call('stop', { timeoutMs: 1_000 });
  await expect(started).resolves.toMatchObject({
    summary: expect.stringMatching(/its guest runs no process yet$/),
  });
  expect((await other.call('info', undefined)).state).toBe('stopped');
});

test('umladmin start fails with it, without -wait too, and the monitor stays for another try', async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nstart = boot\nappend = init=/nowhere' });
  try {
    const ran = world.run('umladmin', ['start']);
    expect(ran.stderr).toMatch(
      /^vm1: .*the kernel panicked before its guest ran: Requested init \/nowhere failed/,
    );
    expect(ran.status).toBe(1);
    expect(world.run('umladmin', ['stop']).status).toBe(0);
    expect(world.run('umladmin', ['start', '-wait', 'kernel']).status).toBe(1);
    const [listed] = JSON.parse(world.run('umladmin', ['-json', 'list']).stdout).vms;
    expect(listed).toMatchObject({ state: 'stopped' });
    expect(world.run('umladmin', ['list']).stdout).toContain('crash: Requested init /nowhere failed');
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\nstart = boot' });
    expect(world.run('umlwatch', ['vm1', '-start']).status).toBe(0);
  } finally {
    world.run('umladmin', ['stop']);
  }
});

test('a service is up when its guest runs, or when the start has failed, with the panic as its status', async () => {
  const path = join(world.home, 'notify');
  const fd = openDatagram(path);
  let told = '';
  const hears = (pattern: RegExp) =>
    expect
      .poll(
        () => {
          const buffer = Buffer.alloc(4096);
          for (let got = receiveDatagram(fd, buffer); got; got = receiveDatagram(fd, buffer))
            told += `${buffer.toString('utf8', 0, got.length)}\n`;
          return told;
        },
        { timeout: 20_000 },
      )
      .toMatch(pattern);
  process.env.NOTIFY_SOCKET = path;
  try {
    const client = await monitorOf('start = boot\nappend = init=/nowhere');
    await hears(
      /STATUS=stopped; start failed: vm1: the kernel panicked before its guest ran: Requested init/,
    );
    await hears(/READY=1/);
    expect(told.indexOf('READY=1')).toBeGreaterThan(told.indexOf('STATUS=stopped; start failed'));
    expect((await client.call('info', undefined)).state).toBe('stopped');
  } finally {
    delete process.env.NOTIFY_SOCKET;
    closeSync(fd);
  }
});
