import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Container, lastExit } from '../helpers/host/container.ts';

/** Exit statuses of the Linux Standard Base 5.0, chapter 22.2. */
const lsb = { done: 0, usage: 2, notPermitted: 4, notInstalled: 5, notConfigured: 6 } as const;
const lsbStatus = { running: 0, notRunning: 3, unknown: 4 } as const;

describe('the rc script in a container without systemd', () => {
  let container: Container;

  beforeAll(async () => {
    container = new Container();
    container.configure({ db: 'start = boot', idle: 'start = manual', off: 'start = off' });
    await container.open();
  }, 240_000);

  afterAll(() => container.close(), 60_000);

  const rc = (word: string) => container.run('/etc/init.d/umlmon', word);
  const statesOf = (): Record<string, string> =>
    Object.fromEntries(
      (JSON.parse(container.ask('umladmin', '-json', 'list')).vms as { name: string; state: string }[]).map(
        ({ name, state }) => [name, state],
      ),
    );
  const none = { db: 'no-monitor', idle: 'no-monitor', off: 'no-monitor' };
  const kernelOf = () => JSON.parse(container.ask('umlwatch', '-json', 'db', '-info')).kernelPid as number;

  test('reports that no monitor runs, and has none to stop', () => {
    expect(rc('status').status).toBe(lsbStatus.notRunning);
    expect(rc('stop').status).toBe(lsb.done);
    expect(rc('try-restart').status).toBe(lsb.done);
    expect(statesOf()).toEqual(none);
  });

  test('starts monitors and VMs, once', () => {
    expect(rc('start')).toMatchObject({ status: lsb.done });
    container.ask('umlwatch', 'db', '-wait', 'ready');
    expect(statesOf()).toEqual({ db: 'running', idle: 'stopped', off: 'no-monitor' });
    const kernel = kernelOf();
    expect(rc('start').status).toBe(lsb.done);
    expect(kernelOf()).toBe(kernel);
    const { status, stdout } = rc('status');
    expect(status).toBe(lsbStatus.running);
    expect(stdout).toMatch(/^db +running/m);
  });

  test('reloads without touching the guest, and restarts it', () => {
    const kernel = kernelOf();
    for (const word of ['reload', 'force-reload']) expect(rc(word).status).toBe(lsb.done);
    expect(kernelOf()).toBe(kernel);
    for (const word of ['restart', 'try-restart']) {
      expect(rc(word).status).toBe(lsb.done);
      expect(lastExit(container, 'db')).toMatchObject({ cause: 'poweroff' });
      container.ask('umlwatch', 'db', '-wait', 'ready');
    }
    expect(kernelOf()).not.toBe(kernel);
  });

  test('is for root', () => {
    const asNobody = ['setpriv', '--reuid=nobody', '--clear-groups', '/etc/init.d/umlmon', 'stop'];
    expect(container.run(...asNobody).status).toBe(lsb.notPermitted);
    expect(statesOf().db).toBe('running');
  });

  test('stops the guests in order, and their monitors', () => {
    expect(rc('stop').status).toBe(lsb.done);
    expect(lastExit(container, 'db')).toMatchObject({ cause: 'poweroff' });
    expect(rc('status').status).toBe(lsbStatus.notRunning);
    expect(statesOf()).toEqual(none);
  });

  test('reports the problems', () => {
    expect(rc('')).toMatchObject({ status: lsb.usage, stderr: expect.stringContaining('usage:') });
    const move = (from: string, to: string) =>
      renameSync(join(container.root, from), join(container.root, to));
    for (const [file, status] of [
      ['usr/bin/umladmin', lsb.notInstalled],
      ['etc/umlmon/umlmon.ini', lsb.notConfigured],
    ] as const) {
      move(file, `${file}.away`);
      expect(rc('start').status).toBe(status);
      expect(rc('stop').status).toBe(lsb.done);
      expect(rc('status').status).toBe(lsbStatus.unknown);
      move(`${file}.away`, file);
    }
  });
});
