/** The parts of a backup that need no guest. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { givenNameDamage } from '../../../src/config/names.ts';
import { imageFingerprint } from '../../../src/disk/backup/fingerprint.ts';
import {
  freshName,
  type Manifest,
  parseManifest,
  surplusBackups,
} from '../../../src/disk/backup/manifest.ts';
import { listBackups, openBackup } from '../../../src/disk/backup/store.ts';
import { checkSoundness } from '../../../src/disk/content/fsck.ts';
import { copyContent } from '../../../src/disk/io/copy-content.ts';
import { HeldDirectory } from '../../../src/system/files/held-directory.ts';

let scratch: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'umlmon-backup-'));
  chmodSync(scratch, 0o700);
});

afterAll(() => rmSync(scratch, { recursive: true }));

const manifest: Manifest = {
  format: 1,
  vm: 'vm1',
  name: 'b',
  takenAt: 1000,
  consistency: 'synced',
  pauseMs: 1.5,
  kernel: 'Linux',
  images: [
    {
      unit: 0,
      path: '/disks/root.dsk',
      file: 'ubd0.dsk',
      size: 4096,
      uid: 1,
      gid: 1,
      mode: 0o640,
      fingerprint: 'a'.repeat(64),
      shared: false,
      soundness: { found: 'clean' },
    },
  ],
  leftOut: [],
  settings: [],
};

test('a manifest is accepted only in its exact form, with names inside its directory', () => {
  expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
  const [image] = manifest.images;
  for (const damage of [
    { format: 2 },
    { images: [{ ...image, file: '../../etc/passwd' }] },
    { images: [{ ...image, path: '/disks/../../etc/x.dsk' }] },
    { images: [{ ...image, path: '/etc/passwd' }] },
    { images: [{ ...image, size: -1 }] },
    { images: [null] },
    { images: {} },
    { takenAt: '1' },
    { consistency: 'perfect' },
  ])
    expect(parseManifest(JSON.stringify({ ...manifest, ...damage })), JSON.stringify(damage)).toBeUndefined();
  for (const text of ['', 'null', '[]', '{', '7']) expect(parseManifest(text)).toBeUndefined();
});

test('names are times, never taken twice; none leads elsewhere', () => {
  const now = Date.UTC(2026, 10, 21, 12, 34, 56);
  expect(freshName(now, new Set())).toBe('2026-11-21T12-34-56Z');
  expect(freshName(now, new Set(['2026-11-21T12-34-56Z', '2026-11-21T12-34-56Z-2']))).toBe(
    '2026-11-21T12-34-56Z-3',
  );
  for (const name of ['', '.', '..', '.draft', 'a/b', 'a b', 'x'.repeat(65)])
    expect(givenNameDamage(name, 'backup')).toMatchObject({ code: 'BACKUP_NAME' });
});

test('besides a new backup, the newest sound backups stay, and unsound ones that are not older', () => {
  const at = (takenAt: number, found: 'clean' | 'errors'): Manifest => ({
    ...manifest,
    name: `${takenAt}`,
    takenAt,
    images: manifest.images.map((image) => ({
      ...image,
      soundness: found === 'clean' ? { found } : { found, words: '' },
    })),
  });
  const others = [at(1, 'clean'), at(2, 'errors'), at(3, 'clean'), at(4, 'errors')];
  expect(surplusBackups(others, 0)).toEqual([]);
  expect(surplusBackups(others, 1)).toEqual(others);
  expect(surplusBackups(others, 2).map(({ name }) => name)).toEqual(['1', '2']);
  expect(surplusBackups(others, 9)).toEqual([]);
});

test('directories without a manifest are not listed, and not found', async () => {
  const backups = join(scratch, 'store');
  execFileSync('mkdir', ['-p', ...['b', 'moved', 'empty', '.draft'].map((name) => join(backups, name))]);
  for (const name of ['b', 'moved', '.draft'])
    writeFileSync(join(backups, name, 'manifest.json'), JSON.stringify(manifest));
  const place = { backups };
  const findBackup = async (name: string) => {
    const { manifest: found, files } = await openBackup(place, name);
    files.close();
    return found;
  };
  expect((await listBackups(place)).map(({ name }) => name)).toEqual(['b']);
  expect(await findBackup('b')).toEqual(manifest);
  for (const [name, code] of [
    ['moved', 'BACKUP_DAMAGED'],
    ['empty', 'BACKUP_DAMAGED'],
    ['none', 'BACKUP_UNKNOWN'],
    ['../store/b', 'BACKUP_UNKNOWN'],
  ] as const)
    await expect(findBackup(name)).rejects.toMatchObject({ code });
});

test('a fingerprint differs for other content, and ignores which zeros are holes', async () => {
  const path = join(scratch, 'image');
  const fingerprint = async (): Promise<string> => {
    const handle = await open(path, 'r');
    try {
      return await imageFingerprint(handle, statSync(path).size);
    } finally {
      await handle.close();
    }
  };
  writeFileSync(path, Buffer.alloc(5_000_001));
  const zeros = await fingerprint();
  truncateSync(path, 0);
  truncateSync(path, 5_000_001);
  expect(await fingerprint()).toBe(zeros);
  const seen = new Set([zeros]);
  const bytes = Buffer.alloc(5_000_001);
  for (const at of [0, 65_535, 65_536, 1_048_576, 5_000_000]) {
    bytes.fill(0);
    bytes[at] = 1;
    writeFileSync(path, bytes);
    seen.add(await fingerprint());
  }
  truncateSync(path, 5_000_000);
  seen.add(await fingerprint());
  expect(seen.size).toBe(7);
});

test('a copy has the holes and the size of its source', async () => {
  const [from, to] = [join(scratch, 'from'), join(scratch, 'to')];
  writeFileSync(from, 'begin');
  truncateSync(from, 64 * 2 ** 20);
  const source = await open(from, 'r');
  const target = await open(to, 'w+');
  await copyContent({ handle: source, size: 64 * 2 ** 20 }, target);
  await source.close();
  await target.close();
  execFileSync('cmp', [from, to]);
  expect(statSync(to).blocks).toBeLessThan(64);
});

test('results of e2fsck: clean, errors, and not checked', async () => {
  const image = join(scratch, 'fs');
  const soundness = async () => {
    const handle = await open(image, 'r');
    const directory = HeldDirectory.open(scratch);
    try {
      return await checkSoundness({
        image: handle,
        directory,
      });
    } finally {
      directory.close();
      await handle.close();
    }
  };
  writeFileSync(image, '');
  truncateSync(image, 16 * 2 ** 20);
  expect(await soundness()).toEqual({ found: 'not-checked', words: 'no file system is recognised' });
  execFileSync('mkfs.ext4', ['-q', '-b', '4096', image], { env: { PATH: '/usr/sbin:/sbin' } });
  expect(await soundness()).toEqual({ found: 'clean' });
  const before = join(scratch, 'before');
  copyFileSync(image, before);
  execFileSync('dd', ['if=/dev/urandom', `of=${image}`, 'bs=4096', 'seek=3', 'count=200', 'conv=notrunc'], {
    stdio: 'ignore',
  });
  copyFileSync(image, before);
  expect(await soundness()).toMatchObject({ found: 'errors' });
  // The image itself stays as it is.
  execFileSync('cmp', [image, before]);
});
