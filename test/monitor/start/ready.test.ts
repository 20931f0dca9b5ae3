/** Levels of readiness of a real VM, as INFO and events tell them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WaitLevel } from '../../../src/cli/commands/argument-kinds.ts';
import { waitFor } from '../../../src/cli/wait/wait.ts';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
});

afterEach(() => world.close());

async function monitorOf(text: string): Promise<MonitorClient> {
  world.configure({ vm1: `mem = 64M\nubd0 = /disks/root.dsk\n${text}` });
  world.addImage('vm1');
  await world.startMonitor('vm1');
  return world.client('vm1');
}

const wait = (client: MonitorClient, level: WaitLevel) =>
  waitFor(client, { vm: 'vm1', level, timeoutMs: 20_000, signal: undefined });

async function readiness(client: MonitorClient) {
  return (await client.call('info', undefined)).readiness;
}

const levels = async (client: MonitorClient) => (await readiness(client)).reached.map(({ level }) => level);

async function readyEvents(client: MonitorClient): Promise<Record<string, string>[]> {
  const { events } = await client.call('events', { since: 1, max: 64, waitMs: 0 });
  return events
    .filter(({ kind }) => kind === 'ready')
    .map(({ attributes }) => Object.fromEntries(attributes.map(({ name, value }) => [name, value])));
}

test('each level in its order, with times; no level counts as reached after the end of the kernel', async () => {
  const client = await monitorOf('ready = console\nready_pattern = con1 up-and-running');
  expect(await readiness(client)).toEqual({ configured: 'console', ready: false, reached: [] });
  await client.call('start', undefined);
  expect((await levels(client)).slice(0, 2)).toEqual(['launched', 'kernel']);
  await wait(client, 'guest');
  expect(await readiness(client)).toMatchObject({ ready: false });
  const shell = await GuestShell.open(client);
  // In two writes, and not in the echo of what was typed.
  await shell.run('printf up-and; usleep 50000; printf "%s\\n" -running');
  await wait(client, 'console');
  const { ready, reached } = await readiness(client);
  expect(ready).toBe(true);
  expect(reached.map(({ level }) => level)).toEqual(['launched', 'kernel', 'guest', 'console']);
  const times = reached.map(({ elapsedMs }) => elapsedMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times[3]).toBeGreaterThanOrEqual((times[2] ?? 0) + 50);
  expect(await readyEvents(client)).toEqual(
    reached.map(({ level, elapsedMs }) => ({
      level,
      elapsed_ms: String(elapsedMs),
      ready: level === 'console' ? 'yes' : 'no',
    })),
  );
  await client.call('kill', undefined);
  expect(await readiness(client)).toEqual({ configured: 'console', ready: false, reached: [] });

  // The next start begins anew: what an earlier one has shown does not count.
  await client.call('start', undefined);
  await wait(client, 'guest');
  expect(await levels(client)).toEqual(['launched', 'kernel', 'guest']);
});

test('free text of a guest is not readiness; the readiness message passes in a flood of messages', async () => {
  const client = await monitorOf('append = init=/bin/sh\nready = guest');
  await client.call('start', undefined);
  const shell = await GuestShell.open(client, 'con0');
  await shell.run(
    'mount -t proc proc /proc; echo starting, not ready >/proc/mconsole; echo readyish >/proc/mconsole',
  );
  expect(await levels(client)).toEqual(['launched', 'kernel']);
  await shell.run('i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo noise >/proc/mconsole; done');
  await shell.run(
    'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo noise >/proc/mconsole; done; echo ready: 3 >/proc/mconsole',
  );
  expect(await wait(client, 'ready')).toMatchObject({ level: 'guest' });
});

test('a text after a flood of similar output is found', async () => {
  const client = await monitorOf('ready_pattern = con1 up-and-running');
  await client.call('start', undefined);
  const shell = await GuestShell.open(client);
  await shell.type('yes up-and-runnin | head -n 20000; echo the""-end\r');
  await shell.until(/the-end/);
  expect(await levels(client)).not.toContain('console');
  await shell.run('printf up-and-run; echo ning');
  expect(await wait(client, 'console')).toMatchObject({ level: 'console' });
});

test('after a takeover, the reached levels are known with their times, and published again', async () => {
  const before = await monitorOf('ready = guest\nready_pattern = con1 up-and-running');
  await before.call('start', undefined);
  await wait(before, 'guest');
  await GuestShell.open(before);
  const { reached } = await readiness(before);
  await world.killMonitor('vm1');

  await world.startMonitor('vm1');
  const second = await world.client('vm1');
  expect(await readiness(second)).toEqual({ configured: 'guest', ready: true, reached });
  expect((await readyEvents(second)).map(({ level }) => level)).toEqual(['launched', 'kernel', 'guest']);
  expect(await wait(second, 'ready')).toEqual(reached.find(({ level }) => level === 'guest'));

  // What the terminal holds while there is no monitor is searched, too.
  const again = await GuestShell.again(second);
  await again.type('usleep 500000; printf up-and-run; echo ning\r');
  await again.until(/usleep/);
  await world.killMonitor('vm1');
  await new Promise((resolve) => setTimeout(resolve, 800));
  await world.startMonitor('vm1');
  const third = await world.client('vm1');
  expect(await wait(third, 'console')).toMatchObject({ level: 'console' });
  await world.killMonitor('vm1');
  await world.startMonitor('vm1');
  expect(await levels(await world.client('vm1'))).toEqual(['launched', 'kernel', 'guest', 'console']);
});
