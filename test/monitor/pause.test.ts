/** A guest that stands still: on request, for a work of the monitor, and across monitors. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MonitorClient } from '../../src/cli/monitor-client.ts';
import { Pause, parsePauseRecord } from '../../src/monitor/pause.ts';
import { UmlmonError } from '../../src/system/errors.ts';
import { GuestShell, waitForEvent } from '../helpers/guest.ts';
import { World } from '../helpers/world.ts';

describe('the one place that stops a guest', () => {
  let asked: string[];
  let kept: number;
  let troubles: unknown[];
  let answers: Record<string, UmlmonError | undefined>;
  let pause: Pause;

  beforeEach(() => {
    asked = [];
    kept = 0;
    troubles = [];
    answers = {};
    pause = new Pause({
      vm: 'vm1',
      request: async (command) => {
        asked.push(command);
        if (answers[command]) throw answers[command];
      },
      events: { publish: () => undefined },
      keep: () => {
        kept += 1;
      },
      trouble: (error) => troubles.push(error),
    });
  });
  afterEach(() => pause.close());

  const refused = (cause: string) => new UmlmonError('MCONSOLE_REFUSED', { place: 'mconsole', cause });
  const silent = new UmlmonError('MCONSOLE_TIMEOUT', { place: 'mconsole', cause: 'no answer' });

  test('is left in a record before the kernel is asked, and after it goes on', async () => {
    const { since, resumesAt } = await pause.pause('uid 0', 60_000);
    expect(resumesAt - since).toBe(60_000);
    expect(pause.record).toEqual({ paused: { since, by: 'uid 0', resumesAt }, held: false });
    expect([asked, kept]).toEqual([['stop'], 1]);
    await expect(pause.pause('uid 1', 0)).rejects.toMatchObject({ code: 'STATE_WRONG' });
    await pause.resume('uid 0');
    expect([asked, kept, pause.record]).toEqual([['stop', 'go'], 2, { held: false }]);
    await expect(pause.resume('uid 0')).rejects.toMatchObject({ code: 'STATE_WRONG' });
  });

  test('a work stops and resumes; a pause around it, or within it, stays', async () => {
    expect(await pause.during('backup', 5000, async () => pause.record)).toEqual({ held: true });
    expect(asked).toEqual(['stop', 'go']);
    await pause.during('backup', 5000, async () => {
      await expect(pause.resume('uid 0')).rejects.toMatchObject({ code: 'STATE_BUSY' });
      await pause.pause('uid 0', 0);
    });
    expect(asked).toEqual(['stop', 'go', 'stop']);
    await pause.during('backup', 5000, () => pause.resume('uid 0'));
    expect(asked).toEqual(['stop', 'go', 'stop', 'go']);
  });

  test('a work that fails lets the guest go on, and so does one that takes too long', async () => {
    await expect(pause.during('backup', 5000, () => Promise.reject(new Error('full')))).rejects.toThrow(
      'full',
    );
    expect(asked).toEqual(['stop', 'go']);
    let resumed = false;
    const slow = pause.during('backup', 20, async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await expect.poll(() => asked.length).toBe(4);
      resumed = true;
    });
    await expect(slow).rejects.toMatchObject({ code: 'PAUSE_LIMIT' });
    expect(resumed).toBe(true);
    expect(asked).toEqual(['stop', 'go', 'stop', 'go']);
  });

  test('a kernel that refuses is not paused; one that is silent may stop later, and is', async () => {
    answers = { stop: refused('ENOMEM') };
    await expect(pause.pause('uid 0', 0)).rejects.toMatchObject({ code: 'MCONSOLE_REFUSED' });
    expect(pause.paused).toBeUndefined();
    answers = { stop: silent };
    await expect(pause.pause('uid 0', 0)).rejects.toMatchObject({ code: 'MCONSOLE_TIMEOUT' });
    expect(pause.paused).toMatchObject({ by: 'uid 0' });
    answers = { go: refused('Not stopped') };
    await pause.resume('uid 0');
    // The worker that has the late stop is waited for, so that go comes after it.
    expect(asked.slice(-2)).toEqual(['version', 'go']);
  });

  test('a kernel that does not go on is paused still, and asked again', async () => {
    await pause.pause('uid 0', 50);
    answers = { go: silent };
    await expect(pause.resume('uid 0')).rejects.toMatchObject({ code: 'MCONSOLE_TIMEOUT' });
    expect(pause.paused).toBeDefined();
    await expect(pause.during('backup', 1000, async () => 'done')).resolves.toBe('done');
  });

  test('what a former monitor has left goes on, but not its works', async () => {
    pause.restore({ held: true });
    await expect.poll(() => asked).toEqual(['go']);
    const paused = { since: Date.now() - 1000, by: 'uid 7', resumesAt: Date.now() + 50 };
    pause.restore({ paused, held: true });
    expect(pause.paused).toEqual(paused);
    await expect.poll(() => asked).toEqual(['go', 'stop', 'go']);
    expect(troubles).toEqual([]);
  });

  test('a record that is damaged lets the guest go on', () => {
    const paused = { since: 1, by: 'uid 0', resumesAt: 0 };
    expect(parsePauseRecord({ paused, held: false })).toEqual({ paused, held: false });
    for (const value of [undefined, null, 5, 'x', {}])
      expect(parsePauseRecord(value)).toEqual({ held: false });
    for (const bad of [{ ...paused, since: -1 }, { ...paused, by: 3 }, { since: 1 }, 7])
      expect(parsePauseRecord({ paused: bad })).toEqual({ held: true });
  });
});

describe('a real guest', () => {
  let world: World;
  const clients: MonitorClient[] = [];

  beforeEach(() => {
    world = new World();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await world.close();
  });

  async function connect(): Promise<MonitorClient> {
    const client = await world.client('vm1');
    clients.push(client);
    return client;
  }

  async function boot(keys = ''): Promise<{ client: MonitorClient; shell: GuestShell }> {
    world.configure({ vm1: `ubd0 = /disks/root.dsk\ncon1 = pty log\n${keys}` });
    world.addImage('vm1');
    await world.startMonitor('vm1');
    const client = await connect();
    await client.call('start', undefined);
    await waitForEvent(client, 'guest-message');
    return { client, shell: await GuestShell.open(client) };
  }

  /** Whether the guest says something by itself within a tenth of a second. */
  async function isTicking(client: MonitorClient): Promise<boolean> {
    const said = async () => (await client.call('info', undefined)).consoles.map(({ bytesOut }) => bytesOut);
    const before = await said();
    await delay(200);
    return (await said()).join() !== before.join();
  }

  test('stands still, says so, goes on, and stops in order', async () => {
    const { client, shell } = await boot();
    await shell.type('while sleep 0.02; do echo tick; done\r');
    await expect.poll(() => isTicking(client)).toBe(true);
    expect(world.run('umlwatch', ['vm1', '-pause']).stdout).toMatch(
      /^vm1: stands still for 0 s, asked by uid 0/,
    );
    await delay(100);
    expect(await isTicking(client)).toBe(false);
    expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(
      /^ {2}paused +stands still for \d+ s, asked/m,
    );
    expect(world.run('umlwatch', ['vm1', '-pause'])).toMatchObject({ status: 5 });
    expect(world.run('umlwatch', ['vm1', '-resume']).stdout).toBe('vm1: goes on\n');
    await expect.poll(() => isTicking(client)).toBe(true);
    expect((await client.call('info', undefined)).paused).toBeNull();
    await client.call('pause', undefined);
    expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({ summary: 'stopped in order' });
    expect(world.run('umlwatch', ['vm1', '-pause'])).toMatchObject({ status: 5 });
  });

  test('the limit of a pause goes on under the next monitor', async () => {
    const { client, shell } = await boot('pause_limit = 3s');
    await shell.type('while sleep 0.02; do echo tick; done\r');
    const paused = await client.call('pause', undefined);
    await world.killMonitor('vm1');
    await world.startMonitor('vm1');
    const next = await connect();
    expect((await next.call('info', undefined)).paused).toEqual(paused);
    expect(await waitForEvent(next, 'resumed')).toContain('by pause_limit');
    expect(Date.now()).toBeGreaterThanOrEqual(paused.resumesAt);
    await expect.poll(() => isTicking(next)).toBe(true);
    expect((await next.call('info', undefined)).paused).toBeNull();
  });
});
