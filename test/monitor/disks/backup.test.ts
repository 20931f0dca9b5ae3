/** Backups of a VM that runs, and restores, on the real kernel. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootGuest } from '../../helpers/guest/boot-guest.ts';
import { busyGuest, fsck, offerFreeze } from '../../helpers/programs/backups.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});

afterEach(() => world.close());

const bootable = 'ubd0 = /disks/root.dsk\ncon1 = pty log\nssl0 = pty log\nbackup_freeze = ssl0';
const withoutFreeze = 'ubd0 = /disks/root.dsk\ncon1 = pty log';

const scratch = () => join(world.home, 'fsck.img');
const store = () => join(world.varDir, 'vm1/backups');
const manifestOf = (name: string) => JSON.parse(readFileSync(join(store(), name, 'manifest.json'), 'utf8'));

test('five backups of a busy guest: each is sound after the replay of its journal, and the guest continues', async () => {
  world.configure({ vm1: withoutFreeze });
  const { client, shell } = await bootGuest(world, 'vm1');
  await shell.type(busyGuest);
  for (let round = 0; round < 5; round++) {
    const { summary } = await client.call('backup', { name: `b${round}` });
    expect(summary).toMatch(/^backup b\d: 1 image; crash-consistent, .*; paused for [\d.]+ ms; checked$/);
    const image = join(store(), `b${round}`, 'ubd0.dsk');
    expect(fsck(image, scratch(), { replay: true })).toMatchObject({ status: 0 });
    expect(manifestOf(`b${round}`).images[0]).toMatchObject({ path: '/disks/root.dsk', unit: 0 });
  }
  for (const name of ['../outside', '/etc/outside', '.hidden'])
    await expect(client.call('backup', { name })).rejects.toMatchObject({ code: 'BACKUP_NAME' });
  expect((await shell.run('echo alive')).output).toContain('alive');
  const list = await client.call('backupList', undefined);
  expect(list.backups.map(({ name }) => name)).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
  expect(readdirSync(store())).toHaveLength(5);
}, 60_000);

test('a guest that freezes its file systems: the copies are clean without a replay', async () => {
  world.configure({ vm1: bootable });
  const { client, shell } = await bootGuest(world, 'vm1');
  await offerFreeze(client);
  await shell.type(busyGuest);
  for (let round = 0; round < 3; round++) {
    const { summary } = await client.call('backup', { name: `b${round}` });
    expect(summary).toMatch(/file systems frozen by the guest; paused for [\d.]+ ms; checked$/);
    const [image] = manifestOf(`b${round}`).images;
    expect(image.soundness).toEqual({ found: 'clean' });
    expect(fsck(join(store(), `b${round}`, 'ubd0.dsk'), scratch(), { replay: false })).toMatchObject({
      status: 0,
    });
  }
  expect((await shell.run('echo thawed >/root/t; sync; cat /root/t')).output).toContain('thawed');
  expect(existsSync(join(world.varDir, 'vm1/pause.json'))).toBe(false);
}, 60_000);
