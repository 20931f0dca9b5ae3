import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatagram, receiveDatagram } from '../../src/system/native/native.ts';
import { ServiceManager } from '../../src/system/service-manager.ts';

describe('a service manager', () => {
  let directory: string;
  let socket: string;
  let fd: number;
  let opened: ServiceManager | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'umlmon-notify-'));
    socket = join(directory, 'notify');
    fd = openDatagram(socket);
  });

  afterEach(() => {
    opened?.close();
    opened = undefined;
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });

  function open(environment: NodeJS.ProcessEnv): ServiceManager {
    opened = ServiceManager.open(environment);
    if (!opened) throw new Error('there is none');
    return opened;
  }

  /** The next message that it received; undefined if it received no more. */
  function told(): string | undefined {
    const buffer = Buffer.alloc(4096);
    const datagram = receiveDatagram(fd, buffer);
    return datagram ? buffer.subarray(0, datagram.length).toString() : undefined;
  }

  async function toldLater(): Promise<string> {
    for (let text = told(); ; text = told()) {
      if (text !== undefined) return text;
      await delay(5);
    }
  }

  test('exists only if the environment names a socket, and the variable is then removed', () => {
    expect(ServiceManager.open({})).toBeUndefined();
    expect(ServiceManager.open({ NOTIFY_SOCKET: 'vsock:2:1' })).toBeUndefined();
    const environment = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1', WATCHDOG_PID: '1', HOME: '/' };
    open(environment);
    expect(environment).toEqual({ HOME: '/' });
  });

  test('gets each variable on its own line', () => {
    open({ NOTIFY_SOCKET: socket }).tell({ READY: '1', STATUS: 'down; two\nREADY=0 lines' });
    expect(told()).toBe('READY=1\nSTATUS=down; two\\nREADY=0 lines');
  });

  test('gets the same bytes at an abstract name as from systemd-notify(1)', async () => {
    const abstract = `umlmon-test-${process.pid}`;
    const other = openDatagram(`\0${abstract}`);
    try {
      const buffer = Buffer.alloc(4096);
      const next = () => buffer.subarray(0, receiveDatagram(other, buffer)?.length ?? 0).toString();
      const environment = { PATH: process.env.PATH, NOTIFY_SOCKET: `@${abstract}` };
      execFileSync('systemd-notify', ['--no-block', '--status=x'], { env: environment });
      const oracle = next();
      open(environment).tell({ STATUS: 'x' });
      expect(oracle.trim().split('\n')).toContain(next());
    } finally {
      closeSync(other);
    }
  });

  test('gets the newest value of each variable when it reads its full queue again', async () => {
    const manager = open({ NOTIFY_SOCKET: socket });
    for (let number = 0; number < 100; number++) manager.tell({ STATUS: `${number}` });
    manager.tell({ READY: '1' });
    let text = told();
    expect(text).toBe('STATUS=0');
    for (; text !== undefined && text !== 'STATUS=99\nREADY=1'; text = told());
    if (text === undefined) expect(await toldLater()).toBe('STATUS=99\nREADY=1');
  });

  test('whose socket is missing causes no error', () => {
    const manager = open({ NOTIFY_SOCKET: join(directory, 'nobody') });
    expect(() => {
      manager.tell({ READY: '1' });
      manager.tell({ STATUS: 'stopped' });
    }).not.toThrow();
  });

  test('with a watchdog gets a heartbeat, but not from another process', async () => {
    open({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '20000', WATCHDOG_PID: `${process.pid}` });
    expect(await toldLater()).toBe('WATCHDOG=1');
    opened?.close();
    while (told() !== undefined);
    open({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '2', WATCHDOG_PID: '1' }).tell({ STATUS: 'x' });
    expect(await toldLater()).toBe('STATUS=x');
  });
});
