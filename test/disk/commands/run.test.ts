/** Every disk command on real files, on each kind of file system of the host; e2fsck, cmp and uml_moo check the results. */
import '../../helpers/tiers/needs-host.ts';
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DiskCommand, DiskResult } from '../../../src/disk/commands/command-types.ts';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { listImages } from '../../../src/disk/store/list.ts';
import { attributesOf, setAttribute } from '../../helpers/host/attributes.ts';
import { canShare, hostFilesystems, MountedFilesystem } from '../content/host-filesystem.ts';
import { allocated, makeImage, moo, range, sameBytes, writeSectors } from '../cow/oracle.ts';
import { TestStore } from '../store/store.ts';
import { administrator } from './callers.ts';

const MiB = 1024 ** 2;
const [nobody, nogroup] = [65534, 65534];
const own = (file: string): ImageName => ({ vm: 'vm1', path: `/disks/${file}` });
const shared = (file: string): ImageName => ({ vm: '', path: `/shared/disks/${file}` });

let store: TestStore;
const path = (name: ImageName) => imagePathOnHost(name, store);
const run = (request: DiskCommand, signal?: AbortSignal): Promise<DiskResult> =>
  runDiskCommand(
    request,
    { store, by: '@test.1', owner: { uid: nobody, gid: nogroup, mode: 0o600 }, caller: administrator },
    signal ? { signal } : {},
  );
const filesystemOf = (name: ImageName) =>
  execFileSync('dumpe2fs', ['-h', path(name)], { encoding: 'utf8', stdio: 'pipe' });
const isSound = (name: ImageName) => spawnSync('e2fsck', ['-fn', path(name)]).status === 0;
const filesIn = (name: ImageName) => readdirSync(dirname(path(name))).sort();
/** Bytes of a file that it shares with another one. */
const extents = (name: ImageName) => execFileSync('filefrag', ['-v', path(name)], { encoding: 'utf8' });
const ages = (name: ImageName) => Math.floor(statSync(path(name)).mtimeMs / 1000);

/** Fills a file system with files, as a guest would. */
function fill(name: ImageName, count = 40): void {
  const commands = range(0, count).map((i) => `write /etc/services file${i}`);
  spawnSync('debugfs', ['-w', '-f', '-', path(name)], { input: commands.join('\n') });
}

describe.each(hostFilesystems)('on %s', (kind) => {
  let mounted: MountedFilesystem;
  beforeAll(() => {
    mounted = new MountedFilesystem(kind);
  });
  afterAll(() => mounted.close());
  beforeEach(() => {
    store = new TestStore(mounted.directory);
  });
  afterEach(() => store.close());

  test('create: sparse, in a new directory that belongs to the user of the VM', async () => {
    const image = own('root.dsk');
    expect(await run({ verb: 'create', image, size: 64 * MiB })).toMatchObject({
      image: 'vm1:/disks/root.dsk',
      bytes: 64 * MiB,
    });
    const { uid, gid, mode, size } = statSync(path(image));
    expect([uid, gid, mode & 0o777, size, allocated(path(image))]).toEqual([
      nobody,
      nogroup,
      0o600,
      64 * MiB,
      0,
    ]);
    await expect(run({ verb: 'create', image, size: MiB })).rejects.toMatchObject({ code: 'IMAGE_EXISTS' });
    await expect(run({ verb: 'create', image: own('b.dsk'), size: 1000 })).rejects.toMatchObject({
      code: 'IMAGE_SIZE',
    });
  });

  test('create with a file system: 4096 byte blocks, however small, and still sparse', async () => {
    const image = own('root.dsk');
    await run({ verb: 'create', image, size: 64 * MiB, filesystem: 'ext4' });
    expect(filesystemOf(image)).toMatch(/^Block size:\s+4096$/m);
    expect(isSound(image)).toBe(true);
    expect(allocated(path(image))).toBeLessThan(2 * MiB);
    await expect(
      run({ verb: 'create', image: own('b.dsk'), size: 4096, filesystem: 'ext4' }),
    ).rejects.toMatchObject({
      code: 'HOST_COMMAND',
      message: expect.stringContaining('mke2fs exited with status 1: '),
    });
    expect(filesIn(image)).toEqual(['root.dsk']);
  });

  test('copy: the same bytes and time, holes or shared blocks', async () => {
    const [image, target] = [own('root.dsk'), shared('copy.dsk')];
    makeImage(store.add(image), 80 * MiB + 512, [
      [0, MiB],
      [40 * MiB + 5, 3 * MiB],
      [80 * MiB, 512],
    ]);
    execFileSync('touch', ['-d', '2001-02-03 04:05:06.7', path(image)]);
    await run({ verb: 'copy', image, target });
    expect(sameBytes(path(image), path(target))).toBe(true);
    expect(allocated(path(target))).toBeLessThanOrEqual(allocated(path(image)) + 64 * 1024);
    expect(ages(target)).toBe(ages(image));
    if (canShare(kind)) {
      execFileSync('sync', ['-f', path(target)]);
      expect(extents(target)).toContain('shared');
    }
  });

  test('resize: up and down, and with the file system', async () => {
    const image = own('root.dsk');
    await run({ verb: 'create', image, size: 64 * MiB, filesystem: 'ext4' });
    chownSync(path(image), nobody, nogroup);
    fill(image);
    setAttribute(path(image), 'trusted.label', Buffer.from('of the image'));
    await run({ verb: 'resize', image, size: 96 * MiB });
    expect(attributesOf(path(image)).get('trusted.label')?.toString()).toBe('of the image');
    expect(statSync(path(image)).size).toBe(96 * MiB);
    expect(filesystemOf(image)).toMatch(/^Block count:\s+16384$/m);
    await run({ verb: 'resize', image, size: 64 * MiB });
    await expect(run({ verb: 'resize', image, size: 48 * MiB })).rejects.toMatchObject({
      code: 'IMAGE_SIZE',
    });
    await run({ verb: 'resize', image, size: 128 * MiB, filesystem: true });
    expect(filesystemOf(image)).toMatch(/^Block count:\s+32768$/m);
    expect([statSync(path(image)).size, isSound(image)]).toEqual([128 * MiB, true]);
    await run({ verb: 'resize', image, size: 24 * MiB, filesystem: true });
    expect(filesystemOf(image)).toMatch(/^Block count:\s+6144$/m);
    expect([statSync(path(image)).size, statSync(path(image)).uid, isSound(image)]).toEqual([
      24 * MiB,
      nobody,
      true,
    ]);
    await expect(run({ verb: 'resize', image, size: MiB, filesystem: true })).rejects.toMatchObject({
      code: 'IMAGE_SIZE',
      hint: expect.stringMatching(/^give at least \d+ bytes$/),
    });
    expect([isSound(image), filesIn(image)]).toEqual([true, ['root.dsk']]);
  });

  test('convert: zeros become holes', async () => {
    const [image, target] = [own('full.dsk'), own('sparse.dsk')];
    store.add(image);
    execFileSync('sh', [
      '-c',
      'head -c 20M /dev/zero > "$0"; echo end >> "$0"; truncate -s %512 "$0"',
      path(image),
    ]);
    await run({ verb: 'convert', image, target });
    expect(sameBytes(path(image), path(target))).toBe(true);
    expect(allocated(path(target))).toBeLessThanOrEqual(16 * 1024);
  });

  test('check: sound, damaged, in a partition, and through a COW image', async () => {
    const [image, cow] = [own('root.dsk'), own('web.cow')];
    await run({ verb: 'create', image, size: 64 * MiB, filesystem: 'ext4' });
    fill(image, 3);
    const before = statSync(path(image)).mtimeMs;
    expect(await run({ verb: 'check', image })).toMatchObject({
      summary: 'vm1:/disks/root.dsk is not damaged',
      report: expect.stringContaining('Pass 5'),
    });
    await run({ verb: 'cow-create', image: cow, backing: image });
    expect(await run({ verb: 'check', image: cow })).toMatchObject({ image: 'vm1:/disks/web.cow' });
    // Noise over the bitmaps and tables of the only group, in the COW file alone.
    writeSectors(path(cow), 64 * MiB, range(16, 400));
    await expect(run({ verb: 'check', image: cow })).rejects.toMatchObject({
      code: 'IMAGE_DAMAGED',
      message: expect.stringContaining('e2fsck exited with status'),
    });
    await run({ verb: 'check', image });
    expect(statSync(path(image)).mtimeMs).toBe(before);
    expect(filesIn(image)).toEqual(['root.dsk', 'web.cow']);

    const disk = own('disk.dsk');
    store.add(disk, 80 * MiB);
    spawnSync('sfdisk', ['-q', path(disk)], { input: '2048,,L\n' });
    execFileSync('dd', [
      `if=${path(image)}`,
      `of=${path(disk)}`,
      'bs=1M',
      'seek=1',
      'conv=notrunc',
      'status=none',
    ]);
    await run({ verb: 'check', image: disk });
    execFileSync('dd', [
      'if=/dev/urandom',
      `of=${path(disk)}`,
      'bs=4k',
      'seek=258',
      'count=40',
      'conv=notrunc',
      'status=none',
    ]);
    await expect(run({ verb: 'check', image: disk })).rejects.toThrow('partition 1: e2fsck');
  });

  test('COW: made, merged into a new image, in place, and put over another backing file', async () => {
    const [base, cow, merged] = [shared('base.dsk'), own('web.cow'), own('merged.dsk')];
    makeImage(store.add(base), 8 * MiB, [[0, 5 * MiB]]);
    await run({ verb: 'cow-create', image: cow, backing: base });
    writeSectors(path(cow), 8 * MiB, range(0, 16_000, 7));
    // uml_moo looks for the backing file at the path that the jail sees.
    const oracle = join(store.home, 'moo.dsk');
    moo('-b', path(base), path(cow), oracle);
    await run({ verb: 'convert', image: cow, target: merged });
    expect(sameBytes(path(merged), oracle)).toBe(true);

    const other = shared('other.dsk');
    makeImage(store.add(other), 8 * MiB, [[2 * MiB, MiB]]);
    await run({ verb: 'cow-rebase', image: cow, backing: other });
    await run({ verb: 'cow-merge', image: cow, target: own('again.dsk') });
    expect(sameBytes(path(own('again.dsk')), oracle)).toBe(true);
    await run({ verb: 'delete', image: base });

    await run({ verb: 'cow-merge', image: cow });
    expect(sameBytes(path(other), oracle)).toBe(true);
    expect((await listImages(store)).images.find(({ name }) => name.path === cow.path)).toMatchObject({
      backing: '/shared/disks/other.dsk',
      problem: '',
    });
  });

  test('snapshots: taken, listed, put back, deleted; also of a COW image', async () => {
    const image = own('root.dsk');
    makeImage(store.add(image), 8 * MiB, [[0, 5 * MiB]]);
    chownSync(path(image), nobody, nogroup);
    const original = join(store.home, 'original');
    execFileSync('cp', ['-p', path(image), original]);
    await run({ verb: 'snapshot', image, name: 'before' });
    const snapshot = own('root@before.dsk');
    expect(statSync(path(snapshot)).mode & 0o777).toBe(0o444);
    execFileSync('touch', ['-d', '2020-01-01', path(snapshot)]);
    makeImage(path(image), 12 * MiB, [[MiB, MiB]]);
    await run({ verb: 'snapshot', image, name: 'after' });
    expect((await listImages(store)).images.map(({ name, snapshots }) => [name.path, snapshots])).toEqual([
      ['/disks/root.dsk', ['before', 'after']],
      ['/disks/root@after.dsk', []],
      ['/disks/root@before.dsk', []],
    ]);
    setAttribute(path(image), 'trusted.label', Buffer.from('of the image'));
    await run({ verb: 'rollback', image, name: 'before' });
    expect(attributesOf(path(image)).get('trusted.label')?.toString()).toBe('of the image');
    expect(sameBytes(path(image), original)).toBe(true);
    expect([statSync(path(image)).uid, statSync(path(image)).mode & 0o777]).toEqual([nobody, 0o644]);
    await expect(run({ verb: 'delete', image })).rejects.toMatchObject({ code: 'IMAGE_SNAPSHOTS' });
    await expect(run({ verb: 'resize', image: snapshot, size: 16 * MiB })).rejects.toMatchObject({
      code: 'IMAGE_SNAPSHOTS',
    });
    await run({ verb: 'snapshot-delete', image, name: 'before' });
    await run({ verb: 'snapshot-delete', image, name: 'after' });

    const cow = own('web.cow');
    await run({ verb: 'cow-create', image: cow, backing: image });
    writeSectors(path(cow), 8 * MiB, [1, 2, 3]);
    await run({ verb: 'snapshot', image: cow, name: 'a' });
    writeSectors(path(cow), 8 * MiB, range(10, 999));
    await run({ verb: 'rollback', image: cow, name: 'a' });
    await run({ verb: 'cow-merge', image: cow, target: own('merged.dsk') });
    moo('-b', path(image), path(own('web@a.cow')), join(store.home, 'moo.dsk'));
    expect(sameBytes(path(own('merged.dsk')), join(store.home, 'moo.dsk'))).toBe(true);
    await expect(run({ verb: 'cow-merge', image: cow })).rejects.toThrow(
      'the backing file of vm1:/disks/web@a.cow',
    );
  });

  test('cancelled: all is unchanged, and no file is left', async () => {
    const image = own('root.dsk');
    makeImage(store.add(image), 64 * MiB, [[0, 40 * MiB]]);
    const reason = new Error('enough');
    for (const request of [
      { verb: 'copy', image, target: own('b.dsk') },
      { verb: 'convert', image, target: own('b.dsk') },
      { verb: 'snapshot', image, name: 'a' },
    ] satisfies DiskCommand[]) {
      const controller = new AbortController();
      const progress = { signal: controller.signal, onProgress: () => controller.abort(reason) };
      const host = { store, by: '@test.1', owner: { uid: 0, gid: 0, mode: 0o600 }, caller: administrator };
      await expect(runDiskCommand(request, host, progress)).rejects.toBe(reason);
    }
    expect(filesIn(image)).toEqual(['root.dsk']);
  });
});

test('where blocks can be shared, an image is resized that fits only once', async () => {
  const mounted = new MountedFilesystem('xfs');
  const data = join(mkdtempSync(join(tmpdir(), 'umlmon-data-')), 'data');
  try {
    store = new TestStore(mounted.directory);
    const image = own('root.dsk');
    await run({ verb: 'create', image, size: 512 * MiB, filesystem: 'ext4' });
    execFileSync('sh', ['-c', 'head -c 350M /dev/urandom > "$0"', data]);
    execFileSync('debugfs', ['-w', '-R', `write ${data} data`, path(image)], { stdio: 'pipe' });
    expect(allocated(path(image))).toBeGreaterThan(350 * MiB);
    await run({ verb: 'resize', image, size: 768 * MiB, filesystem: true });
    await run({ verb: 'snapshot', image, name: 'a' });
    await run({ verb: 'resize', image, size: 520 * MiB, filesystem: true });
    const dumped = join(dirname(data), 'dumped');
    execFileSync('debugfs', ['-R', `dump data ${dumped}`, path(image)], { stdio: 'pipe' });
    expect([isSound(image), sameBytes(data, dumped)]).toEqual([true, true]);
  } finally {
    rmSync(dirname(data), { recursive: true });
    mounted.close();
  }
});
