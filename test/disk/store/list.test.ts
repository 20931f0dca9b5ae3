import '../../helpers/tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import { linkSync, renameSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { ImageLocks } from '../../../src/disk/locks/image-lock.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { lookAtImage } from '../../../src/disk/names/open-image.ts';
import { describeImage } from '../../../src/disk/store/describe.ts';
import { type ListedImage, listImages } from '../../../src/disk/store/list.ts';
import { administrator } from '../commands/callers.ts';
import { makeImage, writeSectors } from '../cow/oracle.ts';
import { writeCow, writeCowHeader } from '../cow/sample-file.ts';
import { TestStore } from './store.ts';

const MiB = 1024 ** 2;
const base: ImageName = { vm: '', path: '/shared/disks/base.dsk' };
const web: ImageName = { vm: 'vm2', path: '/disks/web.cow' };
let store: TestStore;
beforeEach(() => {
  store = new TestStore();
});
afterEach(() => store.close());
const path = (name: ImageName) => imagePathOnHost(name, store);
const texts = (images: readonly ListedImage[]) =>
  images.map(({ name, backing, problem }) => [`${name.vm}:${name.path}`, backing, problem]);

test('1,000 images, 500 of them COW: each with its backing file, holders, snapshots and problem', async () => {
  makeImage(store.add(base), MiB, [[0, 64 * 1024]]);
  for (let i = 0; i < 499; i++) store.add({ vm: `vm${i % 50}`, path: `/disks/flat${i}.dsk` });
  for (let i = 0; i < 500; i++)
    writeCow(path({ vm: `vm${i % 50}`, path: `/disks/c${i}.cow` }), base.path, path(base));
  const held: ImageName = { vm: 'vm7', path: '/disks/c7.cow' };
  const locks = await ImageLocks.take(store, 'vm7', [
    { image: held, mode: 'rw', id: lookAtImage(held, store).id },
    { image: base, mode: 'ro', id: lookAtImage(base, store).id },
  ]);
  const { images, warnings } = await listImages(store);
  locks.close();
  expect([images.length, warnings]).toEqual([1000, []]);
  const cows = images.filter(({ kind }) => kind === 'cow');
  expect(cows.length).toBe(500);
  expect(cows.every(({ backing, size, problem }) => backing === base.path && size === MiB && !problem)).toBe(
    true,
  );
  expect(images.filter(({ holders }) => holders.length > 0)).toMatchObject([
    { name: base, size: MiB, allocated: 64 * 1024, holders: [{ holder: 'vm7', mode: 'ro' }] },
    { name: held, kind: 'cow', holders: [{ holder: 'vm7', mode: 'rw' }] },
  ]);
});

test('problems are reported, and no image hides another', async () => {
  store.add(base, MiB);
  for (const [file, backing] of [
    ['lost.cow', '/shared/disks/gone.dsk'],
    ['out.cow', '/etc/passwd'],
    ['host.cow', path(base)],
  ])
    writeCowHeader(path({ vm: 'vm1', path: `/disks/${file}` }), {
      stored: backing ?? '',
      size: MiB,
      mtime: 1,
    });
  store.add({ vm: 'vm1', path: '/disks/empty.cow' }, 0);
  linkSync(path(base), path({ vm: 'vm1', path: '/disks/link.dsk' }));
  expect(texts((await listImages(store)).images)).toEqual([
    [':/shared/disks/base.dsk', '', ''],
    ['vm1:/disks/empty.cow', '', expect.stringContaining('cannot be used: not a COW file')],
    ['vm1:/disks/host.cow', path(base), expect.stringContaining('which is not an image in its jail')],
    ['vm1:/disks/link.dsk', '', ''],
    ['vm1:/disks/lost.cow', '/shared/disks/gone.dsk', expect.stringContaining('does not exist')],
    ['vm1:/disks/out.cow', '/etc/passwd', expect.stringContaining('which is not an image in its jail')],
  ]);
});

test('a description: contents, COW relations, and dangers', async () => {
  const host = { store, by: '@test.1', owner: { uid: 0, gid: 0, mode: 0o600 }, caller: administrator };
  await runDiskCommand({ verb: 'create', image: base, size: 16 * MiB, filesystem: 'ext4' }, host);
  expect(await describeImage(store, base, administrator)).toMatchObject({
    size: 16 * MiB,
    content: { holds: 'filesystem', kind: 'ext4', blockSize: 4096, size: 16 * MiB, state: 'clean' },
    hazard: '',
  });
  await runDiskCommand({ verb: 'cow-create', image: web, backing: base }, host);
  expect(await describeImage(store, web, administrator)).toMatchObject({
    backing: base.path,
    content: { kind: 'ext4' },
    cow: { version: 3, changed: 0, merging: false },
  });
  // The guest makes a new file system, in the COW file only: its superblock and all around it.
  const small = `${store.home}/small`;
  makeImage(small, 16 * MiB, []);
  execFileSync('mkfs.ext4', ['-q', '-F', '-b', '1024', '-L', 'guest', small]);
  writeSectors(path(web), 16 * MiB, [0, 1, 2, 3, 4, 5, 6, 7]);
  execFileSync('dd', [
    ...[`if=${small}`, `of=${path(web)}`, 'bs=512', 'count=8', 'conv=notrunc', 'status=none'],
    `seek=${Math.ceil((8192 + (16 * MiB) / 512 / 8) / 4096) * 8}`,
  ]);
  expect(await describeImage(store, web, administrator)).toMatchObject({
    content: { blockSize: 1024, label: 'guest' },
    hazard: expect.stringContaining('the ext4 file system has blocks of 1024 bytes'),
    cow: { changed: 4096 },
  });
  expect((await describeImage(store, base, administrator)).content).toMatchObject({ label: '' });
  renameSync(path(base), `${path(base)}.old`);
  expect(await describeImage(store, web, administrator)).toMatchObject({
    problem: expect.stringContaining('does not exist'),
    cow: { changed: 4096 },
  });
  await expect(describeImage(store, base, administrator)).rejects.toMatchObject({ code: 'IMAGE_MISSING' });
});
