/** Requests that disk commands refuse: held images, backing files, names that lead elsewhere, loss of data. */
import '../../helpers/tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, renameSync, symlinkSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiskCommand } from '../../../src/disk/commands/command-types.ts';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { ImageLocks } from '../../../src/disk/locks/image-lock.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { lookAtImage } from '../../../src/disk/names/open-image.ts';
import { makeImage, range, writeSectors } from '../cow/oracle.ts';
import { buildRacer, Racer } from '../cow/racer.ts';
import { TestStore } from '../store/store.ts';
import { administrator } from './callers.ts';

const MiB = 1024 ** 2;
const own = (file: string): ImageName => ({ vm: 'vm1', path: `/disks/${file}` });
const shared = (file: string): ImageName => ({ vm: '', path: `/shared/disks/${file}` });
const base = shared('base.dsk');

let store: TestStore;
beforeEach(() => {
  store = new TestStore();
});
afterEach(() => store.close());

const path = (name: ImageName) => imagePathOnHost(name, store);
const host = (by = '@test.1') => ({
  store,
  by,
  owner: { uid: 0, gid: 0, mode: 0o600 },
  caller: administrator,
});
const run = (request: DiskCommand, by?: string) => runDiskCommand(request, host(by));

/** Every disk command that writes to the image, and every one that reads it. */
const writing = (image: ImageName): DiskCommand[] => [
  { verb: 'delete', image },
  { verb: 'resize', image, size: 16 * MiB },
  { verb: 'resize', image, size: 16 * MiB, filesystem: true },
];
const reading = (image: ImageName): DiskCommand[] => [
  { verb: 'copy', image, target: own('new.dsk') },
  { verb: 'convert', image, target: own('new.dsk') },
  { verb: 'check', image },
  { verb: 'cow-create', image: own('new.cow'), backing: image },
  { verb: 'snapshot', image, name: 'a' },
];

test('an image that another process holds, and a backing file, with the chain in the error', async () => {
  makeImage(store.add(base), 8 * MiB, []);
  const program = await buildRacer();
  const writer = new Racer(store, 'vm2', program);
  const reader = new Racer(store, 'vm3', program, 'ro');
  for (const racer of [writer, reader]) expect(await racer.answer()).toBe('ready');
  const order = async (racer: Racer, word: string, answer: string) => {
    racer.say(word);
    expect(await racer.answer()).toBe(answer);
  };

  await order(writer, 'go', 'won');
  for (const request of [...writing(base), ...reading(base)])
    await expect(run(request), request.verb).rejects.toMatchObject({
      code: 'IMAGE_IN_USE',
      message: expect.stringContaining('/shared/disks/base.dsk is open read-write by vm2'),
    });
  await order(writer, 'end', 'ended');

  await order(reader, 'go', 'won');
  for (const request of writing(base))
    await expect(run(request), request.verb).rejects.toThrow('base.dsk is open read-only by vm3');
  await run({ verb: 'copy', image: base, target: own('new.dsk') });
  await run({ verb: 'cow-create', image: own('web.cow'), backing: base });
  await expect(run({ verb: 'cow-merge', image: own('web.cow') })).rejects.toMatchObject({
    code: 'IMAGE_IN_USE',
  });
  await order(reader, 'end', 'ended');

  const cow = own('web.cow');
  const vm1 = await ImageLocks.take(store, 'vm1', [
    { image: cow, mode: 'rw', id: lookAtImage(cow, store).id },
  ]);
  for (const request of writing(base))
    await expect(run(request), request.verb).rejects.toMatchObject({
      code: 'IMAGE_IS_BACKING',
      message: expect.stringContaining(
        '/shared/disks/base.dsk is the backing file of vm1:/disks/web.cow, open read-write by vm1',
      ),
    });
  for (const request of [
    { verb: 'cow-merge', image: cow },
    { verb: 'cow-merge', image: cow, target: own('merged.dsk') },
    { verb: 'cow-rebase', image: cow, backing: own('new.dsk') },
    { verb: 'rollback', image: cow, name: 'a' },
    { verb: 'delete', image: cow },
  ] satisfies DiskCommand[])
    await expect(run(request), request.verb).rejects.toMatchObject({ code: 'IMAGE_IN_USE' });
  vm1.close();

  await run({ verb: 'cow-create', image: own('mail.cow'), backing: base });
  await expect(run({ verb: 'cow-merge', image: cow })).rejects.toThrow(
    'the backing file of vm1:/disks/mail.cow',
  );
  for (const racer of [writer, reader]) await racer.kill();
  expect(readdirSync(store.holders)).toEqual([]);
});

test('of two commands that exclude each other, one is executed', async () => {
  for (let round = 0; round < 20; round++) {
    makeImage(store.add(base), MiB, [[0, MiB]]);
    const cow = own(`c${round}.cow`);
    const [removed, made] = await Promise.allSettled([
      run({ verb: 'delete', image: base }, '@test.1'),
      run({ verb: 'cow-create', image: cow, backing: base }, '@test.2'),
    ]);
    expect([removed.status, made.status].sort()).toEqual(['fulfilled', 'rejected']);
    if (made.status === 'fulfilled') await run({ verb: 'delete', image: cow });
  }
});

describe('names', () => {
  const outside = () => join(store.home, 'outside');
  beforeEach(() => {
    store.add(own('root.dsk'), MiB);
    mkdirSync(outside());
  });

  test.each<[string, (root: string) => ImageName]>([
    ['a directory that is a link', () => own('link/new.dsk')],
    ['a way up', () => own('../new.dsk')],
    ['a way up by the name of the VM', () => ({ vm: '../vm1', path: '/disks/new.dsk' })],
    ['another root', () => ({ vm: 'vm1', path: '/etc/new.dsk' })],
    ['the shared tree under the name of a VM', () => ({ vm: 'vm1', path: '/shared/disks/new.dsk' })],
    ['a VM’s disks without the VM', () => ({ vm: '', path: '/disks/new.dsk' })],
    ['no suffix', () => own('new')],
    ['a COW file by name', () => own('new.cow')],
    ['a directory that is not there', () => own('sub/new.dsk')],
  ])('%s', async (_, name) => {
    symlinkSync(outside(), join(dirname(path(own('root.dsk'))), 'link'));
    const image = name('');
    await expect(run({ verb: 'create', image, size: MiB })).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:IMAGE|CONFIG)_/),
    });
    await expect(run({ verb: 'copy', image: own('root.dsk'), target: image })).rejects.toThrow();
    expect([readdirSync(outside()), readdirSync(join(store.home, 'var'))]).toEqual([[], ['vm1']]);
  });

  test('links in the place of an image are not followed', async () => {
    makeImage(join(outside(), 'secret.dsk'), MiB, [[0, MiB]]);
    symlinkSync(join(outside(), 'secret.dsk'), path(own('link.dsk')));
    for (const request of [...writing(own('link.dsk')), ...reading(own('link.dsk'))])
      await expect(run(request), request.verb).rejects.toMatchObject({ code: 'IMAGE_MISSING' });
    await expect(run({ verb: 'create', image: own('link.dsk'), size: MiB })).rejects.toMatchObject({
      code: 'IMAGE_EXISTS',
    });
  });

  test('a directory that is swapped during a command does not lead out of the jail', async () => {
    const image = own('sub/big.dsk');
    makeImage(store.add(image), 64 * MiB, [[0, 48 * MiB]]);
    const sub = dirname(path(image));
    let swapped = false;
    await runDiskCommand({ verb: 'copy', image, target: own('sub/new.dsk') }, host(), {
      onProgress: () => {
        if (swapped) return;
        swapped = true;
        renameSync(sub, `${sub}2`);
        symlinkSync(outside(), sub);
      },
    });
    expect([readdirSync(outside()), readdirSync(`${sub}2`).sort()]).toEqual([[], ['big.dsk', 'new.dsk']]);
  });

  test('hard links: an image that would be replaced under one name only', async () => {
    linkSync(path(own('root.dsk')), path(own('other.dsk')));
    for (const image of [own('root.dsk'), own('other.dsk')])
      await expect(run({ verb: 'resize', image, size: 2 * MiB, filesystem: true })).rejects.toThrow(
        'several names',
      );
    await run({ verb: 'delete', image: own('other.dsk') });
  });
});

describe('commands that would lose data', () => {
  test('shrinking an image that is, or may be, in use', async () => {
    const image = own('a.dsk');
    const shrink = () => run({ verb: 'resize', image, size: MiB });
    makeImage(store.add(image), 8 * MiB, [[4 * MiB, 4096]]);
    await expect(shrink()).rejects.toThrow('the content of the image is unknown');
    makeImage(path(image), 8 * MiB, []);
    await shrink();
    truncateSync(path(image), 8 * MiB);
    execFileSync('sfdisk', ['-q', path(image)], { input: '2048,8192,L\n' });
    await expect(shrink()).rejects.toThrow('its partitions end at byte 5242880');
    makeImage(path(image), 32 * MiB, []);
    execFileSync('mkfs.ext4', ['-q', '-F', '-b', '4096', path(image)]);
    await expect(shrink()).rejects.toMatchObject({
      code: 'IMAGE_SIZE',
      hint: 'resize it together with the image',
    });
    // Only the journal of a mounted file system knows its size.
    execFileSync('debugfs', ['-w', '-R', 'feature needs_recovery', path(image)], { stdio: 'pipe' });
    await expect(run({ verb: 'resize', image, size: 32 * MiB - 4096 })).rejects.toThrow('not clean');
    await run({ verb: 'resize', image, size: 48 * MiB });
  });

  test('COW images where the kernel would read wrong data, or not find the backing file', async () => {
    makeImage(store.add(base), 8 * MiB, []);
    execFileSync('mkfs.ext4', ['-q', '-F', '-b', '1024', path(base)]);
    await expect(run({ verb: 'cow-create', image: own('a.cow'), backing: base })).rejects.toMatchObject({
      code: 'COW_HAZARD',
    });
    makeImage(path(base), 8 * MiB, [[0, MiB]]);
    const [mine, cow] = [own('mine.dsk'), own('a.cow')];
    makeImage(store.add(mine), 8 * MiB, [[0, MiB]]);
    await expect(
      run({ verb: 'cow-create', image: { vm: 'vm2', path: '/disks/a.cow' }, backing: mine }),
    ).rejects.toMatchObject({ code: 'IMAGE_BACKING_PATH' });
    await run({ verb: 'cow-create', image: cow, backing: mine });
    await expect(run({ verb: 'cow-create', image: own('b.cow'), backing: cow })).rejects.toMatchObject({
      code: 'IMAGE_CHAIN',
    });
    const elsewhere = { vm: 'vm2', path: '/disks/a.cow' };
    await expect(run({ verb: 'copy', image: cow, target: elsewhere })).rejects.toMatchObject({
      code: 'IMAGE_BACKING_PATH',
    });
    await expect(run({ verb: 'resize', image: cow, size: 16 * MiB })).rejects.toMatchObject({
      code: 'IMAGE_CHAIN',
    });
  });

  test('a rebase without the old backing file needs -same, or the same file elsewhere', async () => {
    const cow = own('a.cow');
    makeImage(store.add(base), 8 * MiB, [[0, MiB]]);
    await run({ verb: 'cow-create', image: cow, backing: base });
    writeSectors(path(cow), 8 * MiB, range(0, 100));
    renameSync(path(base), path(own('moved.dsk')));
    await run({ verb: 'cow-rebase', image: cow, backing: own('moved.dsk') });
    await expect(run({ verb: 'cow-create', image: own('b.cow'), backing: base })).rejects.toMatchObject({
      code: 'IMAGE_MISSING',
    });
    execFileSync('touch', ['-d', '2001-01-01', path(own('moved.dsk'))]);
    const request = { verb: 'cow-rebase', image: cow, backing: own('moved.dsk') } as const;
    await expect(run({ verb: 'check', image: cow })).rejects.toMatchObject({
      code: 'COW_BACKING',
      hint: 'if only its time changed: cow-rebase with -same; else restore the original with its time (cp -p)',
    });
    await expect(run(request)).rejects.toMatchObject({ code: 'COW_BACKING' });
    await run({ ...request, sameContent: true });
    await run({ verb: 'cow-merge', image: cow, target: own('c.dsk') });
  });

  test('an interrupted merge in place can be completed, and all other commands on the pair are refused', async () => {
    const cow = own('a.cow');
    makeImage(store.add(base), 8 * MiB, [[0, MiB]]);
    await run({ verb: 'cow-create', image: cow, backing: base });
    writeSectors(path(cow), 8 * MiB, range(0, 15_000));
    const reason = new Error('enough');
    const controller = new AbortController();
    const progress = { signal: controller.signal, onProgress: () => controller.abort(reason) };
    await expect(runDiskCommand({ verb: 'cow-merge', image: cow }, host(), progress)).rejects.toBe(reason);
    await expect(run({ verb: 'cow-rebase', image: cow, backing: base })).rejects.toThrow(
      'a merge of vm1:/disks/a.cow into /shared/disks/base.dsk was interrupted',
    );
    await run({ verb: 'cow-merge', image: cow, target: own('whole.dsk') });
    await run({ verb: 'cow-merge', image: cow });
    execFileSync('cmp', [path(base), path(own('whole.dsk'))]);
  });
});
