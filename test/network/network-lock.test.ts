/** The host-wide lock for changes of the network. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withNetworkLock, withNetworkLockWhile } from '../../src/network/network-lock.ts';
import { toFailure } from '../../src/system/errors/errors.ts';

let directory: string;
const place = () => ({ directory, vm: 'vm1' });
const path = () => join(directory, '.lock');
const isFree = () => spawnSync('flock', ['-n', path(), 'true']).status === 0;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-lock-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

test('work under the lock excludes other processes, and an error releases the lock', async () => {
  expect(await withNetworkLock(place(), async () => isFree())).toBe(false);
  expect(isFree()).toBe(true);
  const fail = async () => {
    throw new Error('as it may be');
  };
  await expect(withNetworkLock(place(), fail)).rejects.toThrow('as it may be');
  expect(await withNetworkLock(place(), async () => 'done')).toBe('done');
});

test('two changes within one process exclude each other, too', async () => {
  const steps: string[] = [];
  const work = (name: string) => async () => {
    steps.push(`${name} begins`);
    await delay(30);
    steps.push(`${name} ends`);
  };
  await Promise.all([withNetworkLock(place(), work('a')), withNetworkLock(place(), work('b'))]);
  expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

test('while another process holds the lock, the event loop continues, and the wait ends at its limit', async () => {
  const holder = spawn('flock', ['--no-fork', path(), 'sh', '-c', 'echo locked; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(holder.stdout, 'data');
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const failed = withNetworkLock(place(), async () => 'done', { waitMs: 300, pollMs: 2 });
    expect(toFailure(await failed.catch((error: unknown) => error))).toMatchObject({
      code: 'NETWORK_COMMAND',
      cause: 'another monitor has held this lock for 0.3 s, to change the network of the host',
    });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
    let attempts = 0;
    const unwanted = () => ++attempts < 5;
    const work = async () => 'done';
    const wait = { waitMs: 60_000, pollMs: 1 };
    expect(await withNetworkLockWhile(place(), unwanted, work, wait)).toBe(undefined);
    expect(attempts).toBe(5);
  } finally {
    holder.kill('SIGKILL');
  }
});
