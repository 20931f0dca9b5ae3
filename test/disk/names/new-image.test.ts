/** Where the file system has no files without a name, as with NFS: here bindfs(1), which is in user space. */
import '../../helpers/tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeNewImage } from '../../../src/disk/names/new-image.ts';
import { HeldDirectory } from '../../../src/system/files/held-directory.ts';

const home = mkdtempSync(join(tmpdir(), 'umlmon-fuse-'));
const [below, mounted] = [join(home, 'below'), join(home, 'mnt')];
beforeAll(() => {
  for (const directory of [below, mounted]) mkdirSync(directory);
  execFileSync('bindfs', [below, mounted]);
});
afterAll(() => {
  execFileSync('umount', ['-l', mounted]);
  rmSync(home, { recursive: true, force: true, maxRetries: 3 });
});

/** Files that are gone keep a name for as long as the file system has them open. */
const names = () => readdirSync(mounted).filter((name) => !name.startsWith('.fuse_hidden'));
const path = join(mounted, 'root.dsk');
const write = (existing: 'refuse' | 'replace', fill: (handle: FileHandle) => Promise<unknown>) =>
  writeNewImage(
    { directory: HeldDirectory.open(mounted), name: 'root.dsk' },
    { uid: 0, gid: 0, mode: 0o600 },
    existing,
    fill,
  );

test('of two creators of the same image, neither gets an unfinished image of the other', async () => {
  const [begun, ended] = [new EventEmitter(), new EventEmitter()];
  const isBegun = once(begun, 'now');
  const isEnded = once(ended, 'now');
  let second: Promise<unknown> | undefined;
  const first = write('refuse', async (handle) => {
    await handle.write('first');
    second = write('refuse', async (other) => {
      await other.write('half of the second');
      begun.emit('now');
      await isEnded;
      throw new Error('cut off');
    }).catch((error: unknown) => error);
    await isBegun;
  }).then(
    () => readFileSync(path, 'utf8'),
    () => undefined,
  );
  expect(['first', undefined]).toContain(await first);
  ended.emit('now');
  expect(await second).toMatchObject({ message: 'cut off' });
  rmSync(path, { force: true });
  expect(names()).toEqual([]);
});

test('an image is created, refused if it exists, and replaced', async () => {
  await write('refuse', (handle) => handle.write('one'));
  await expect(write('refuse', (handle) => handle.write('two'))).rejects.toMatchObject({
    code: 'IMAGE_EXISTS',
  });
  expect(readFileSync(path, 'utf8')).toBe('one');
  await write('replace', (handle) => handle.write('three'));
  expect(readFileSync(path, 'utf8')).toBe('three');
  expect(names()).toEqual(['root.dsk']);
});
