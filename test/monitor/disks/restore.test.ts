/** Restores: all images or none, only while vmUid uses them. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layoutOf } from '../../../src/jail/layout.ts';
import { fileIdentity, freshNameFor } from '../../../src/monitor/disks/image-places.ts';
import { settleRestore } from '../../../src/monitor/disks/restore-journal.ts';
import { vmUid } from '../../helpers/programs/world.ts';
import {
  backUpTwo,
  disks,
  fill,
  letters,
  monitorOf,
  mounts,
  start,
  stop,
  store,
  world,
} from './restore-world.ts';

test('a restore brings back what the disk had, with its owner and mode; it is refused while the VM runs', async () => {
  const image = world.addImage('vm1');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty log' });
  const client = await monitorOf();
  const shell = await start(client);
  await shell.run('echo then >/root/file');
  await client.call('backup', { name: 'then' });
  await shell.run('echo now >/root/file');
  await expect(client.call('restore', { name: 'then' })).rejects.toMatchObject({ code: 'STATE_WRONG' });
  await stop(client);
  chmodSync(image, 0o640);
  await expect(client.call('restore', { name: 'never' })).rejects.toMatchObject({ code: 'BACKUP_UNKNOWN' });
  expect((await client.call('restore', { name: 'then' })).summary).toMatch(
    /^restored backup then of .*: \/disks\/root\.dsk$/,
  );
  const { uid, gid, mode } = statSync(image);
  expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: vmUid, gid: vmUid, mode: 0o640 });
  const again = await start(client);
  expect((await again.run('cat /root/file')).output).toMatch(/then$/);
  await stop(client);

  // An image that is gone comes back as it was backed up.
  rmSync(image);
  await client.call('restore', { name: 'then' });
  expect(statSync(image)).toMatchObject({ uid: vmUid, gid: vmUid });
  expect((await (await start(client)).run('cat /root/file')).output).toMatch(/then$/);
  expect(world.run('umlwatch', ['vm1', '-backups']).stdout).toMatch(
    /^ {2}then {2}.* {2}32 MiB {2}1 image {2}synced {2}paused \d+ ms$/m,
  );
  await expect(client.call('backup', { name: 'then' })).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
}, 60_000);

test('a damaged backup is refused before anything is touched', async () => {
  const client = await backUpTwo();
  fill('y');
  const copy = join(store(), 'x/ubd2.dsk');
  const bytes = readFileSync(copy);
  const restore = () => client.call('restore', { name: 'x' });
  for (const damage of [
    () =>
      writeFileSync(
        copy,
        Buffer.concat([bytes.subarray(0, 1_000_000), Buffer.from('!'), bytes.subarray(1_000_001)]),
      ),
    () => truncateSync(copy, 1000),
    () => rmSync(copy),
    () => writeFileSync(join(store(), 'x/manifest.json'), '{'),
  ]) {
    damage();
    await expect(restore()).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
    expect(letters()).toBe('yy');
    expect(readdirSync(disks()).sort()).toEqual(['a.dsk', 'b.dsk', 'root.dsk']);
  }
}, 60_000);

test('an image that another VM uses is not replaced', async () => {
  world.addSharedImage();
  const vm = 'ubd0 = /shared/disks/root.dsk\ncon1 = pty';
  world.configure({ vm1: vm, vm2: vm });
  const one = await monitorOf('vm1');
  await start(one);
  await one.call('backup', { name: 'b' });
  await stop(one);
  const two = await monitorOf('vm2');
  await start(two);
  await expect(one.call('restore', { name: 'b' })).rejects.toMatchObject({
    code: 'IMAGE_IN_USE',
    reason: '/shared/disks/root.dsk is open read-write by vm2',
  });
  await stop(two);
  expect((await one.call('restore', { name: 'b' })).state).toBe('stopped');
}, 60_000);

test('a copy-on-write image is backed up without its backing file, which stays as it was; the copy is valid', async () => {
  const base = world.addSharedImage();
  utimesSync(base, 1_700_000_000, 1_700_000_000);
  mkdirSync(disks(), { recursive: true });
  const cow = join(disks(), 'root.cow');
  execFileSync('uml_mkcow', [cow, base], { stdio: 'ignore' });
  chownSync(cow, vmUid, vmUid);
  world.configure({ vm1: 'ubd0 = /disks/root.cow,/shared/disks/root.dsk\ncon1 = pty' });
  const client = await monitorOf();
  const shell = await start(client);
  await shell.run('echo then >/root/file');
  await client.call('backup', { name: 'b' });
  await shell.run('echo now >/root/file');
  await stop(client);
  expect(readdirSync(join(store(), 'b')).sort()).toEqual(['manifest.json', 'ubd0.cow']);
  const { images } = JSON.parse(readFileSync(join(store(), 'b/manifest.json'), 'utf8'));
  expect(images[0]).toMatchObject({
    path: '/disks/root.cow',
    backing: { path: '/shared/disks/root.dsk', size: statSync(base).size, mtime: 1_700_000_000 },
    soundness: { found: 'clean-after-replay' },
  });
  expect(statSync(base).mtimeMs).toBe(1_700_000_000_000);
  await client.call('restore', { name: 'b' });
  expect((await (await start(client)).run('cat /root/file')).output).toMatch(/then$/);
}, 60_000);

test('no room for a restore: the images are as they were, and nothing is left', async () => {
  mkdirSync(disks(), { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m,mode=755', 'tmpfs', disks()]);
  mounts.push(disks());
  const client = await backUpTwo();
  fill('y');
  execFileSync('sh', ['-c', `cat /dev/zero >${join(disks(), 'filler')} || true`], { stdio: 'ignore' });
  truncateSync(join(disks(), 'filler'), Math.max(0, statSync(join(disks(), 'filler')).size - 6 * 2 ** 20));
  await expect(client.call('restore', { name: 'x' })).rejects.toMatchObject({
    message: expect.stringContaining('ENOSPC'),
  });
  expect(letters()).toBe('yy');
  expect(readdirSync(disks()).sort()).toEqual(['a.dsk', 'b.dsk', 'filler', 'root.dsk']);
  expect(existsSync(join(world.varDir, 'vm1/restore.json'))).toBe(false);
  rmSync(join(disks(), 'filler'));
  await client.call('restore', { name: 'x' });
  expect(letters()).toBe('xx');
}, 60_000);

test('monitors that are killed at any moment of a restore: both images are the old ones or both the new ones', async () => {
  let client = await backUpTwo();
  const began = performance.now();
  await client.call('restore', { name: 'x' });
  const usual = performance.now() - began;
  const seen = { xx: 0, yy: 0 };
  for (let round = 0; round < 8; round++) {
    fill('y');
    const lost = client.call('restore', { name: 'x' }).catch(() => 'lost');
    await new Promise((resolve) => setTimeout(resolve, (usual * (round + 0.5)) / 6));
    await world.killMonitor('vm1');
    await lost;
    client = await monitorOf();
    const both = letters();
    expect(both === 'xx' || both === 'yy', both).toBe(true);
    seen[both as keyof typeof seen] += 1;
    expect(readdirSync(disks()).sort()).toEqual(['a.dsk', 'b.dsk', 'root.dsk']);
    expect(existsSync(join(world.varDir, 'vm1/restore.json'))).toBe(false);
  }
  console.log(`restores cut off by a kill: ${seen.yy} undone, ${seen.xx} done`);
  await client.call('restore', { name: 'x' });
  expect(letters()).toBe('xx');
}, 120_000);

/** Files as a restore that was cut off has left them, and its journal. */
function cutOff(complete: boolean, renamed: number): ReturnType<typeof layoutOf> {
  const layout = layoutOf('vm1', { varDir: world.varDir, runDir: world.runDir });
  mkdirSync(disks(), { recursive: true });
  fill('y');
  const files = ['a.dsk', 'b.dsk'].map((name, i) => {
    const fresh = freshNameFor();
    const path = join(disks(), fresh);
    writeFileSync(path, 'x'.repeat(4 * 2 ** 20), { mode: 0o600 });
    const identity = complete ? fileIdentity(statSync(path, { bigint: true })) : '';
    if (i < renamed) renameSync(path, join(disks(), name));
    return { path: `/disks/${name}`, fresh, identity, uid: vmUid, gid: vmUid, mode: 0o640 };
  });
  writeFileSync(layout.restoreJournal, JSON.stringify({ backup: 'b', complete, files }));
  return layout;
}

test.each([
  { complete: false, renamed: 0, after: 'yy' },
  { complete: true, renamed: 0, after: 'xx' },
  { complete: true, renamed: 1, after: 'xx' },
  { complete: true, renamed: 2, after: 'xx' },
])(
  'an interrupted restore is finished: complete $complete, $renamed renamed',
  ({ complete, renamed, after }) => {
    const layout = cutOff(complete, renamed);
    expect(settleRestore(layout)).toContain(complete ? 'is finished' : 'is undone');
    expect(letters()).toBe(after);
    expect(readdirSync(disks()).sort()).toEqual(['a.dsk', 'b.dsk']);
    if (renamed === 0 && complete)
      expect(statSync(join(disks(), 'a.dsk'))).toMatchObject({ uid: vmUid, mode: 0o100640 });
    expect(settleRestore(layout)).toBeUndefined();
  },
);

test('a file that replaces a new image is not used for it, and gets no rights', () => {
  const layout = cutOff(true, 0);
  const { files } = JSON.parse(readFileSync(layout.restoreJournal, 'utf8'));
  const path = join(disks(), files[1].fresh);
  renameSync(path, join(world.home, 'away'));
  writeFileSync(path, 'z', { mode: 0o600 });
  expect(() => settleRestore(layout)).toThrow(
    expect.objectContaining({
      code: 'BACKUP_RESTORE',
      place: layout.restoreJournal,
      reason: expect.stringMatching(
        /vm1\/jail\/disks\/b\.dsk: another process has moved, replaced or removed/,
      ),
    }),
  );
  // All or none: the other image is not in its place either.
  expect(letters()).toBe('yy');
  expect(statSync(path)).toMatchObject({ uid: 0, mode: 0o100600 });
  renameSync(join(world.home, 'away'), path);
  expect(settleRestore(layout)).toContain('is finished');
  expect(letters()).toBe('xx');
});

test.each([
  ['a name that leads out', { fresh: '../../../../x' }],
  ['a path of no image', { path: '/etc/passwd' }],
  ['a path that leads out', { path: '/disks/../../../../etc/x.dsk' }],
  ['set-user-id', { mode: 0o4755 }],
])('a journal with %s is damaged, and nothing is done', (_, damage) => {
  const layout = cutOff(true, 0);
  const journal = JSON.parse(readFileSync(layout.restoreJournal, 'utf8'));
  Object.assign(journal.files[1], damage);
  writeFileSync(layout.restoreJournal, JSON.stringify(journal));
  expect(() => settleRestore(layout)).toThrow(/it is damaged/);
  expect(letters()).toBe('yy');
});

test('a journal that cannot be finished prevents a start, with the reason', async () => {
  world.addImage('vm1');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty' });
  const client = await monitorOf();
  const journal = join(world.varDir, 'vm1/restore.json');
  writeFileSync(journal, '{');
  await expect(client.call('start', undefined)).rejects.toMatchObject({
    code: 'BACKUP_RESTORE',
    place: journal,
  });
  rmSync(journal);
  await start(client);
}, 30_000);
