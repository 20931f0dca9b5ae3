/** The wall clock of the host is set forward and back while a monitor serves: no time that elapses depends on it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

const hour = 3600;
let world: World;
const directory = mkdtempSync(join(tmpdir(), 'umlmon-clock-'));
const library = join(directory, 'wall-clock.so');
const offset = join(directory, 'offset');

beforeAll(() => {
  const code = join(import.meta.dirname, '../../helpers/host/wall-clock.c');
  execFileSync('gcc', ['-O1', '-shared', '-fPIC', '-o', library, code]);
  setClock(0);
  world = new World(['env', `LD_PRELOAD=${library}`, `WALL_CLOCK_OFFSET=${offset}`]);
  world.configure({
    vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty log\ncontrol_idle = 1s\npause_limit = 4s\non_crash = restart\nrestart_limit = 2 in 10m\nbackups = 2',
  });
  world.addImage('vm1');
});

afterAll(async () => {
  await world.close();
  rmSync(directory, { recursive: true });
});

beforeEach(async () => {
  setClock(0);
  await world.startMonitor('vm1');
});

function setClock(seconds: number): void {
  writeFileSync(offset, `${seconds}\n`);
}

test('set back by two hours: an idle controller loses control after control_idle', async () => {
  const [first, second] = [await world.client('vm1'), await world.client('vm1')];
  const before = Date.now();
  const at = { channel: 'con1', columns: 0, rows: 0 };
  const [a, b] = [await first.call('consoleAttach', at), await second.call('consoleAttach', at)];
  await first.call('consoleControl', { id: a.id, action: 'take' });
  setClock(-2 * hour);
  expect(await second.call('consoleControl', { id: b.id, action: 'request' })).toMatchObject({
    yours: false,
  });
  await delay(1_200);
  expect(await second.call('consoleControl', { id: b.id, action: 'request' })).toMatchObject({ yours: true });
  // The clock of the monitor was set, indeed.
  const { viewers } = await first.call('consoleWho', 'con1');
  expect(viewers.find(({ id }) => id === b.id)?.typedAt).toBeLessThan(before - hour * 1000);
  await world.stopMonitors();
});

test.each([-2 * hour, 2 * hour])(
  'set by %i s during a pause, and the monitor killed: the next one ends it in time',
  async (seconds) => {
    let client = await world.client('vm1');
    await client.call('start', undefined);
    await waitForEvent(client, 'guest-message');
    const began = performance.now();
    await client.call('pause', undefined);
    setClock(seconds);
    await world.killMonitor('vm1');
    await world.startMonitor('vm1');
    client = await world.client('vm1');
    expect((await client.call('info', undefined)).paused).not.toBeNull();
    expect(await waitForEvent(client, 'resumed')).toMatch(/^after [3-6][.\d]* s, by pause_limit/);
    expect(performance.now() - began).toBeGreaterThan(3_500);
    expect(performance.now() - began).toBeLessThan(9_000);
    expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({ summary: 'stopped cleanly' });
    await world.stopMonitors();
  },
  60_000,
);

test('set back between backups: the one made last is the newest, and stays', async () => {
  const client = await world.client('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  for (const [name, seconds] of [
    ['first', 0],
    ['second', -2 * hour],
    ['third', -4 * hour],
  ] as const) {
    setClock(seconds);
    await client.call('backup', { name });
  }
  expect((await client.call('backupList', undefined)).backups.map(({ name }) => name)).toEqual([
    'second',
    'third',
  ]);
  await world.stopMonitors();
}, 60_000);

test.each([-2, 2])(
  'set by %i h between crashes: the restarts are counted all the same',
  async (hours) => {
    const client = await world.client('vm1');
    const { eventsNext } = await client.call('info', undefined);
    await client.call('start', undefined);
    for (let death = 0; death < 3; death++) {
      await expect
        .poll(
          async () => (await client.call('info', undefined)).readiness.reached.map(({ level }) => level),
          { timeout: 20_000 },
        )
        .toContain('guest');
      setClock(death * hours * hour);
      const shell = await GuestShell.again(client);
      await shell.type('\recho c >/proc/sysrq-trigger\r');
      await waitForEvent(client, death < 2 ? 'restart' : 'restart-limit', eventsNext);
      if (death < 2)
        await expect
          .poll(async () => (await client.call('info', undefined)).state, { timeout: 20_000 })
          .toBe('running');
      await delay(200);
    }
    const { bundles } = await client.call('crashList', undefined);
    // In the order in which they were made.
    expect(bundles.slice(-3).map(({ endedAt }) => Math.sign(endedAt - Date.now() + 1_800_000))).toEqual(
      hours < 0 ? [1, -1, -1] : [1, 1, 1],
    );
    await world.stopMonitors();
  },
  90_000,
);
