import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PeriodicSync } from '../../../src/disk/io/periodic-sync.ts';

let directory: string;
let hostPath: string;
let fd: number;
let writer: number;
let warnings: unknown[];
let sync: PeriodicSync;

const intervalMs = 30;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-sync-'));
  hostPath = join(directory, 'a.dsk');
  writeFileSync(hostPath, 'x');
  fd = openSync(hostPath, 'r+');
  writer = openSync(hostPath, 'r+');
  warnings = [];
  sync = new PeriodicSync(intervalMs, (error) => warnings.push(error));
});

afterEach(async () => {
  await sync.close();
  closeSync(writer);
  closeSync(fd);
  rmSync(directory, { recursive: true });
});

/** Watches of inotify that this process has (proc_pid_fdinfo(5)). */
function inotifyWatches(): number {
  const fds = readdirSync('/proc/self/fdinfo');
  return fds
    .map((name) => {
      try {
        return readFileSync(`/proc/self/fdinfo/${name}`, 'latin1').match(/^inotify wd/gm)?.length ?? 0;
      } catch {
        return 0;
      }
    })
    .reduce((sum, count) => sum + count, 0);
}

test('an image is synced after it was written, again after it was written again, and not in between', async () => {
  sync.add({ fd, hostPath });
  await delay(4 * intervalMs);
  expect(sync.count).toBe(0);
  for (const round of [1, 2]) {
    for (let i = 0; i < 100; i++) writeSync(writer, 'y', i);
    await expect.poll(() => sync.count).toBe(round);
    await delay(4 * intervalMs);
    expect(sync.count).toBe(round);
  }
  expect(warnings).toEqual([]);
});

test('a file that was renamed or removed is synced on', async () => {
  sync.add({ fd, hostPath });
  writeSync(writer, 'y', 0);
  await expect.poll(() => sync.count).toBe(1);
  rmSync(hostPath);
  // The removal itself may count as a change.
  await delay(4 * intervalMs);
  const before = sync.count;
  writeSync(writer, 'z', 0);
  await expect.poll(() => sync.count).toBe(before + 1);
});

test('a failure is reported, and retried', async () => {
  sync.add({ fd, hostPath });
  closeSync(fd);
  writeSync(writer, 'y', 0);
  await expect.poll(() => warnings.length).toBeGreaterThan(0);
  expect(warnings[0]).toMatchObject({ code: 'HOST_SYSTEM_CALL', place: hostPath });
  await expect.poll(() => warnings.length).toBeGreaterThan(1);
  // Its number again, for a file that can be synced.
  const again = openSync(hostPath, 'r+');
  expect(again).toBe(fd);
  await expect.poll(() => sync.count).toBeGreaterThan(0);
});

test('a removed file is left alone; 0 means never', async () => {
  const watches = inotifyWatches();
  sync.add({ fd, hostPath });
  expect(inotifyWatches()).toBe(watches + 1);
  writeSync(writer, 'y', 0);
  await sync.remove(fd);
  expect(inotifyWatches()).toBe(watches);
  await delay(4 * intervalMs);
  const never = new PeriodicSync(0, () => undefined);
  never.add({ fd, hostPath });
  expect(inotifyWatches()).toBe(watches);
  expect(sync.count).toBe(0);
});
