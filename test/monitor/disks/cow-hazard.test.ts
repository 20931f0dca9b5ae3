/** COW images that the kernel would read wrong are refused by a start, with the reason. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeCow } from '../../disk/cow/sample-file.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

let world: World;
let base: string;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
  base = join(world.varDir, 'shared/disks/base.dsk');
  mkdirSync(dirname(base), { recursive: true });
  writeFileSync(base, '');
  truncateSync(base, 64 * 1024 ** 2);
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nubd1 = /disks/data.cow' });
});

afterEach(() => world.close());

/** Makes the COW image when the backing file is ready. */
function addCow(): void {
  chmodSync(base, 0o644);
  utimesSync(base, 1_000_000_000, 1_000_000_000);
  const cow = join(world.varDir, 'vm1/jail/disks/data.cow');
  writeCow(cow, '/shared/disks/base.dsk', base);
  chownSync(cow, vmUid, vmUid);
}

function check(): unknown[] {
  return JSON.parse(world.run('umlmon', ['-check', 'vm1', '-json']).stdout).problems;
}

const mkfs = (blockSize: number, offset = 0) =>
  execFileSync('/usr/sbin/mke2fs', [
    ...['-q', '-F', '-t', 'ext4', '-b', `${blockSize}`],
    ...(offset > 0 ? ['-E', `offset=${offset}`, base, '20M'] : [base]),
  ]);

test('blocks of 1 KiB in the backing file: refused by -check and by a start', async () => {
  mkfs(1024);
  addCow();
  const problem = {
    code: 'COW_HAZARD',
    key: 'ubd1',
    cause:
      '/disks/data.cow: the ext4 file system has blocks of 1024 bytes, less than 4096: the kernel would read wrong data through a COW file',
    hint: 'use a copy of the whole image, or create its file system with blocks of 4096 bytes',
  };
  expect(check()).toMatchObject([problem]);
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await expect(client.call('start', undefined)).rejects.toMatchObject({ code: 'COW_HAZARD' });
  const { lastExit, state } = await client.call('info', undefined);
  expect({ lastExit, state }).toEqual({ lastExit: null, state: 'stopped' });
  client.close();
});

test('a partition that is not aligned, and one that is', () => {
  execFileSync('/usr/sbin/sfdisk', ['-q', base], { input: 'label: dos\nstart=63, size=60000\n' });
  mkfs(4096, 63 * 512);
  addCow();
  expect(check()).toMatchObject([
    { code: 'COW_HAZARD', cause: expect.stringContaining('partition 1 starts at byte 32256') },
  ]);
  execFileSync('/usr/sbin/sfdisk', ['-q', base], { input: 'label: dos\nstart=2048, size=60000\n' });
  mkfs(4096, 2048 * 512);
  addCow();
  expect(check()).toEqual([]);
});

test('the file system that counts is what the guest sees: one that it has made in the COW image itself', async () => {
  addCow();
  expect(check()).toEqual([]);
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  const shell = await GuestShell.open(client);
  expect(await shell.run('mke2fs -b 1024 /dev/ubdb >/dev/null && sync')).toEqual({ output: '', status: 0 });
  await client.call('stop', { timeoutMs: 0 });
  const refused = {
    code: 'COW_HAZARD',
    cause: expect.stringContaining('ext2 file system has blocks of 1024'),
  };
  expect(check()).toMatchObject([refused]);
  await expect(client.call('start', undefined)).rejects.toMatchObject({ code: 'COW_HAZARD' });
  client.close();
}, 60_000);
