/** A guest that is paused on request, beside backups and across monitors. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Pause, parsePaused } from '../../../src/monitor/guest/pause.ts';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { hostClock } from '../../../src/system/clock.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

describe('the one place that stops a guest', () => {
  let asked: string[];
  let kept: number;
  let warnings: unknown[];
  let answers: Record<string, UmlmonError | undefined>;
  let pause: Pause;

  beforeEach(() => {
    asked = [];
    kept = 0;
    warnings = [];
    answers = {};
    const request = async (command: string) => {
      asked.push(command);
      if (answers[command]) throw answers[command];
    };
    pause = new Pause(
      { request },
      {
        layout: { vm: 'vm1' },
        events: { publish: () => undefined },
        warnings: { report: (error) => warnings.push(error) },
        clock: hostClock,
        record: () => {
          kept += 1;
        },
      },
    );
  });
  afterEach(() => pause.close());

  const refused = (cause: string) => new UmlmonError('MCONSOLE_REFUSED', { place: 'mconsole', cause });
  const silent = new UmlmonError('MCONSOLE_TIMEOUT', { place: 'mconsole', cause: 'no answer' });

  test('is recorded before the request to the kernel, and after the resume', async () => {
    const { since, resumesAt } = await pause.pause('uid 0', 60_000);
    expect(resumesAt - since).toBe(60_000);
    expect(pause.paused).toMatchObject({ since, by: 'uid 0', resumesAt });
    expect([asked, kept]).toEqual([['stop'], 1]);
    await expect(pause.pause('uid 1', 0)).rejects.toMatchObject({ code: 'STATE_WRONG' });
    await pause.resume('uid 0');
    expect([asked, kept, pause.paused]).toEqual([['stop', 'go'], 2, undefined]);
    await expect(pause.resume('uid 0')).rejects.toMatchObject({ code: 'STATE_WRONG' });
  });

  test('a paused guest cannot be frozen for a backup, and a guest that is frozen for a backup cannot be paused', async () => {
    await pause.pause('uid 7', 0);
    expect(() => pause.bar()).toThrow(/paused, by uid 7.*resume it first: umlwatch vm1 -resume/);
    await pause.resume('uid 7');
    pause.bar();
    await expect(pause.pause('uid 7', 0)).rejects.toMatchObject({ code: 'STATE_BUSY' });
    expect(asked).toEqual(['stop', 'go']);
    pause.unbar();
    await pause.pause('uid 7', 0);
    pause.unbar();
    expect(pause.paused).toMatchObject({ by: 'uid 7' });
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

  test('a kernel that does not resume is still paused, and asked again', async () => {
    await pause.pause('uid 0', 50);
    answers = { go: silent };
    await expect(pause.resume('uid 0')).rejects.toMatchObject({ code: 'MCONSOLE_TIMEOUT' });
    expect(pause.paused).toBeDefined();
    answers = {};
    await expect.poll(() => pause.paused, { timeout: 10_000 }).toBeUndefined();
    expect(asked).toEqual(['stop', 'go', 'go']);
  });

  test('a pause of the previous monitor continues, with its limit', async () => {
    const paused = { since: Date.now() - 1000, by: 'uid 7', resumesAt: Date.now() + 50 };
    pause.restore(paused);
    expect(pause.paused).toEqual(paused);
    await expect.poll(() => asked).toEqual(['stop', 'go']);
    expect(warnings).toEqual([]);
  });

  test('a damaged record lets the guest continue', async () => {
    const paused = { since: 1, by: 'uid 0', resumesAt: 0 };
    expect(parsePaused(paused, 1000)).toEqual(paused);
    for (const bad of [
      undefined,
      null,
      5,
      'x',
      {},
      { ...paused, since: -1 },
      { ...paused, by: 3 },
      { since: 1 },
    ])
      expect(parsePaused(bad, 1000)).toEqual({ since: 1000, by: 'unknown', resumesAt: 1001 });
    pause.restore(parsePaused('damaged', 1000));
    await expect.poll(() => asked).toEqual(['stop', 'go']);
    expect(pause.paused).toBeUndefined();
  });
});

describe('a real guest', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.close());

  async function boot(keys = ''): Promise<{ client: MonitorClient; shell: GuestShell }> {
    world.configure({ vm1: `ubd0 = /disks/root.dsk\ncon1 = pty log\n${keys}` });
    world.addImage('vm1');
    await world.startMonitor('vm1');
    const client = await world.client('vm1');
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

  test('is paused, shows that, is resumed, and stops cleanly', async () => {
    const { client, shell } = await boot();
    await shell.type('while sleep 0.02; do echo tick; done\r');
    await expect.poll(() => isTicking(client)).toBe(true);
    expect(world.run('umlwatch', ['vm1', '-pause']).stdout).toMatch(
      /^vm1: paused for 0 s, requested by uid 0/,
    );
    await expect.poll(() => isTicking(client), { timeout: 20_000 }).toBe(false);
    expect(await isTicking(client)).toBe(false);
    expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(/^ {2}paused +for \d+ s, requested/m);
    expect(world.run('umlwatch', ['vm1', '-pause'])).toMatchObject({ status: 5 });
    expect(world.run('umlwatch', ['vm1', '-resume']).stdout).toBe('vm1: resumed\n');
    await expect.poll(() => isTicking(client)).toBe(true);
    expect((await client.call('info', undefined)).paused).toBeNull();
    await client.call('pause', undefined);
    expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({ summary: 'stopped cleanly' });
    expect(world.run('umlwatch', ['vm1', '-pause'])).toMatchObject({ status: 5 });
  });

  test('the limit of a pause continues under the next monitor', async () => {
    const { client, shell } = await boot('pause_limit = 3s');
    await shell.type('while sleep 0.02; do echo tick; done\r');
    const paused = await client.call('pause', undefined);
    await world.killMonitor('vm1');
    await world.startMonitor('vm1');
    const next = await world.client('vm1');
    expect((await next.call('info', undefined)).paused).toEqual(paused);
    expect(await waitForEvent(next, 'resumed')).toContain('by pause_limit');
    expect(Date.now()).toBeGreaterThanOrEqual(paused.resumesAt);
    await expect.poll(() => isTicking(next)).toBe(true);
    expect((await next.call('info', undefined)).paused).toBeNull();
  });

  test('a backup needs a guest that is not paused, and is not paused before its images are copied', async () => {
    const { client, shell } = await boot('ssl0 = pty log\nbackup_freeze = ssl0');
    // A guest that is asked to freeze, and does not for a while.
    const line = await GuestShell.open(client, 'ssl0');
    await line.type('while read -r word id; do echo "asked to $word"; done\r');
    world.run('umlwatch', ['vm1', '-pause']);
    expect(world.run('umlwatch', ['vm1', '-backup', 'still'])).toMatchObject({
      status: 5,
      stderr: expect.stringMatching(
        /the guest is paused, by uid 0.*hint: resume it first: umlwatch vm1 -resume/,
      ),
    });
    world.run('umlwatch', ['vm1', '-resume']);

    const backup = client.call('backup', { name: 'whole' });
    await line.until(/asked to freeze/);
    for (const ask of [['-pause'], ['-mconsole', 'stop']])
      expect(world.run('umlwatch', ['vm1', ...ask])).toMatchObject({
        status: 5,
        stderr: expect.stringContaining('a backup needs the guest until its images are copied'),
      });
    await expect(backup).rejects.toMatchObject({ code: 'BACKUP_NOT_FROZEN' });
    expect((await shell.run('echo alive')).output).toBe('alive');
    expect(world.run('umlwatch', ['vm1', '-pause'])).toMatchObject({ status: 0 });
  });
});
