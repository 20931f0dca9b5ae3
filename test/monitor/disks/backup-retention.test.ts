/** Which backups are preserved, and which are removed. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testImage, vmUid } from '../../helpers/programs/world.ts';
import { disks, monitorOf, start, world } from './restore-world.ts';

test('the newest backups are kept; one with errors is reported and replaces none', async () => {
  world.addImage('vm1');
  const data = join(disks(), 'data.dsk');
  execFileSync('cp', ['--sparse=always', testImage(), data]);
  chownSync(data, vmUid, vmUid);
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty\nubd1 = /disks/data.dsk\nbackups = 2' });
  const client = await monitorOf();
  const shell = await start(client);
  const names = async () => (await client.call('backupList', undefined)).backups.map(({ name }) => name);
  for (const name of ['a', 'b', 'c']) await client.call('backup', { name });
  expect(await names()).toEqual(['b', 'c']);
  expect((await client.call('backup', { name: '' })).summary).toMatch(
    /^backup \d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ: 2 images/,
  );
  const [, newest] = await names();
  // The guest overwrites an inode table.
  await shell.run('dd if=/dev/urandom of=/dev/ubdb bs=4k seek=10 count=60 conv=notrunc; sync');
  await expect(client.call('backup', { name: 'bad' })).rejects.toMatchObject({
    code: 'BACKUP_INCONSISTENT',
    reason: expect.stringContaining('/disks/data.dsk: e2fsck'),
  });
  expect(await names()).toEqual(['c', newest, 'bad']);
  expect(world.run('umlwatch', ['vm1', '-backups']).stdout).toMatch(/^ {2}bad .*HAS ERRORS$/m);
}, 60_000);

test('a new backup is kept, also when the clock was set back since the others', async () => {
  world.addImage('vm1');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nbackups = 1' });
  const client = await monitorOf();
  await client.call('start', undefined);
  await client.call('backup', { name: 'before' });
  const path = join(world.varDir, 'vm1/backups/before/manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...manifest, takenAt: Date.UTC(2199, 0, 1) }));
  await client.call('backup', { name: 'after' });
  const { backups } = await client.call('backupList', undefined);
  expect(backups.map(({ name }) => name)).toEqual(['after']);
}, 60_000);

test('more backups than a list can show are not too many to be counted', async () => {
  world.addImage('vm1');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nbackups = 502' });
  const client = await monitorOf();
  await client.call('start', undefined);
  await client.call('backup', { name: 'first' });
  const store = join(world.varDir, 'vm1/backups');
  const manifest = JSON.parse(readFileSync(join(store, 'first/manifest.json'), 'utf8'));
  for (let i = 1; i <= 502; i++) {
    const name = `b${i}`;
    mkdirSync(join(store, name));
    const takenAt = manifest.takenAt + i;
    writeFileSync(join(store, name, 'manifest.json'), JSON.stringify({ ...manifest, name, takenAt }));
  }
  await client.call('backup', { name: 'last' });
  const names = readdirSync(store);
  expect(names).toHaveLength(502);
  expect(names).toEqual(expect.arrayContaining(['last', 'b502', 'b2']));
  expect((await client.call('backupList', undefined)).backups).toHaveLength(500);
}, 60_000);
