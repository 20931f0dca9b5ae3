/** A real kernel as writer and reader of COW files, and the fault for which some images are refused. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeCow } from '../../../src/disk/cow/format.ts';
import { makeTestDirectory, startTestKernel, TEST_UID, type TestKernel } from '../../helpers/guest/kernel.ts';
import { createCow, mergeCow, readCowInfo, rebaseCow } from '../names/by-path.ts';
import { makeImage, readHead, sameBytes } from './oracle.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const owner = { uid: TEST_UID, gid: TEST_UID, mode: 0o644 };

let directory = '';
let kernel: TestKernel;
const disk = (name: string) => join(directory, 'disks', name);

function giveToGuest(...names: string[]): void {
  for (const name of names) chownSync(disk(name), TEST_UID, TEST_UID);
}

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex');

/** The word that the guest prints after `KEY=`. */
async function answer(key: string): Promise<string> {
  await kernel.shown(`<${key}>`);
  return new RegExp(`${key}=([0-9a-f]{32})`).exec(kernel.output())?.[1] ?? '';
}

/** Types a command whose first word of output is the answer. */
async function ask(key: string, command: string): Promise<string> {
  // The mark is put together by the shell: the echo of the line does not hold it.
  kernel.type(`set -- $(${command}); echo ${key}=$1 "<"${key}">"`);
  return answer(key);
}

describe('a kernel writes and reads', () => {
  const size = 3 * MiB + 4096;

  beforeAll(async () => {
    directory = makeTestDirectory();
    makeImage(disk('base.dsk'), size, [[64 * KiB, 2 * MiB]]);
    await createCow({
      path: disk('ours.cow'),
      backing: disk('base.dsk'),
      storedBacking: '/disks/base.dsk',
      owner,
    });
    giveToGuest('base.dsk');
    // The kernel makes the first one itself, and finds the backing file of the second one by our header.
    const args = ['ubd1=/disks/kernel.cow,/disks/base.dsk', 'ubd2=/disks/ours.cow'];
    kernel = startTestKernel(directory, { args });
    await kernel.shown('READY');
  });
  afterAll(() => kernel.stop());

  test('the same COW file as we do, and the same image as we merge', async () => {
    const [theirs, ours] = [readHead(disk('kernel.cow'), 8192), readHead(disk('ours.cow'), 8192)];
    // The kernel leaves old bytes of its memory behind the path.
    const end = 32 + '/disks/base.dsk'.length + 1;
    expect(theirs.subarray(0, end).equals(ours.subarray(0, end))).toBe(true);
    expect(statSync(disk('kernel.cow')).size).toBe(statSync(disk('ours.cow')).size);

    for (const device of ['ubdb', 'ubdc'])
      for (const [seek, count] of [
        [0, 1],
        [17, 3],
        [300, 40],
        [size / 4096 - 1, 1],
      ] as const)
        kernel.type(
          `dd if=/bin/busybox of=/dev/${device} bs=4096 skip=${seek % 400} seek=${seek} count=${count} 2>/dev/null`,
        );
    kernel.type('sync; echo 3 >/proc/sys/vm/drop_caches');
    const seen = [await ask('first', 'md5sum /dev/ubdb'), await ask('second', 'md5sum /dev/ubdc')];
    kernel.type('poweroff -f');
    await kernel.exited;

    for (const [index, name] of ['kernel', 'ours'].entries()) {
      const cow = disk(`${name}.cow`);
      const info = await readCowInfo(cow, disk('base.dsk'));
      expect(info).toMatchObject({ usedSectors: 45 * 8, changes: [] });
      await mergeCow({ path: cow, backing: disk('base.dsk'), target: disk(`${name}.dsk`) });
      expect(md5(readFileSync(disk(`${name}.dsk`)))).toBe(seen[index]);
    }
    expect(sameBytes(disk('kernel.dsk'), disk('ours.dsk'))).toBe(true);
    expect(decodeCow(theirs, statSync(disk('kernel.cow')).size, 'x').backing).toBe('/disks/base.dsk');
  });
});

/** Makes a file system with one file of letters, and a COW file over it by the kernel. */
function makeFilesystem(name: string, blockSize: number): void {
  const file = disk('letters');
  writeFileSync(file, Buffer.alloc(256 * KiB, 'abcdefghijklmnopqrstuvwxyz'));
  writeFileSync(disk(name), '');
  truncateSync(disk(name), 8 * MiB);
  const mke2fs = ['-q', '-F', '-t', 'ext4', '-b', `${blockSize}`, '-O', '^has_journal', disk(name)];
  execFileSync('mke2fs', mke2fs);
  execFileSync('debugfs', ['-w', '-R', `write ${file} letters`, disk(name)], { stdio: 'ignore' });
}

describe('the fault of the kernel', () => {
  beforeAll(async () => {
    directory = makeTestDirectory();
    makeFilesystem('small.dsk', 1024);
    makeFilesystem('page.dsk', 4096);
    giveToGuest('small.dsk', 'page.dsk');
    const args = ['ubd1=/disks/small.cow,/disks/small.dsk', 'ubd2=/disks/page.cow,/disks/page.dsk'];
    kernel = startTestKernel(directory, { args });
    await kernel.shown('READY');
  });
  afterAll(() => kernel.stop());

  test('blocks of 1 KiB are read wrong through a COW file, those of 4 KiB are not', async () => {
    const digests: Record<string, { written: string; read: string }> = {};
    for (const [name, device] of [
      ['small', 'ubdb'],
      ['page', 'ubdc'],
    ] as const) {
      kernel.type(`mkdir -p /tmp/${name}; mount -t ext4 /dev/${device} /tmp/${name}; cd /tmp/${name}`);
      // Some blocks of the file come into the COW file, with the backing file's blocks around them.
      for (const seek of [1, 6, 21, 38, 39, 75])
        kernel.type(`dd if=/bin/busybox of=letters bs=1024 count=1 seek=${seek} conv=notrunc 2>/dev/null`);
      const written = await ask(`${name}written`, 'md5sum letters');
      kernel.type('sync; echo 3 >/proc/sys/vm/drop_caches');
      digests[name] = { written, read: await ask(`${name}read`, 'md5sum letters') };
      kernel.type(`cd /; umount /tmp/${name}`);
    }
    kernel.type('poweroff -f');
    await kernel.exited;
    expect(digests.page?.read).toBe(digests.page?.written);
    expect(digests.small?.read).not.toBe(digests.small?.written);

    // The written data is complete: only reading is wrong.
    await mergeCow({ path: disk('small.cow'), backing: disk('small.dsk'), target: disk('merged.dsk') });
    const letters = execFileSync('debugfs', ['-R', 'cat letters', disk('merged.dsk')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(md5(letters)).toBe(digests.small?.written);
  });

  test('a tiny image is refused, as the kernel hangs at a write to it', async () => {
    const request = (name: string) => ({
      path: disk(`${name}.cow`),
      backing: disk(`${name}.dsk`),
      storedBacking: `/disks/${name}.dsk`,
      owner,
    });
    makeImage(disk('tiny.dsk'), 32 * KiB, []);
    makeImage(disk('enough.dsk'), 36 * KiB, []);
    await expect(createCow(request('tiny'))).rejects.toMatchObject({ code: 'COW_HAZARD' });
    await createCow(request('enough'));
  });

  test('such an image is refused, with the reason', async () => {
    const request = (name: string) => ({
      path: disk(`${name}-ours.cow`),
      backing: disk(`${name}.dsk`),
      storedBacking: `/disks/${name}.dsk`,
      owner,
    });
    await expect(createCow(request('small'))).rejects.toMatchObject({
      code: 'COW_HAZARD',
      reason:
        'the ext4 file system has blocks of 1024 bytes, less than 4096: the kernel would read wrong data through a COW file',
    });
    await createCow(request('page'));
  });
});

describe('a COW file that was put over another backing file', () => {
  const size = 4 * MiB;

  beforeAll(async () => {
    directory = makeTestDirectory();
    makeImage(disk('base.dsk'), size, [[0, size]]);
    // Differs in one sector of some pages.
    const other = readFileSync(disk('base.dsk'));
    for (const sector of [9, 50, 83, 260, 1001, 5000]) other.fill(0, sector * 512, (sector + 1) * 512);
    writeFileSync(disk('other.dsk'), other);
    const request = { path: disk('moved.cow'), owner };
    await createCow({ ...request, backing: disk('base.dsk'), storedBacking: '/disks/base.dsk' });
    await rebaseCow({
      path: request.path,
      backing: disk('other.dsk'),
      storedBacking: '/disks/other.dsk',
      copyFrom: disk('base.dsk'),
    });
    giveToGuest('other.dsk');
    kernel = startTestKernel(directory, { args: ['ubd1=/disks/moved.cow'] });
    await kernel.shown('READY');
  });
  afterAll(() => kernel.stop());

  test('is read right by a kernel: no page of it is in both files', async () => {
    const seen = await ask('moved', 'md5sum /dev/ubdb');
    kernel.type('poweroff -f');
    await kernel.exited;
    expect(seen).toBe(md5(readFileSync(disk('base.dsk'))));
  });
});
