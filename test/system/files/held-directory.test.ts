import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { carefully, HeldDirectory, knowsOpenat2 } from '../../../src/system/files/held-directory.ts';
import { openBeneath } from '../../../src/system/native/native.ts';
import { Swapper } from '../../helpers/hostile/swapper.ts';

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = constants;
const home = mkdtempSync(join(tmpdir(), 'umlmon-directory-'));
const inside = join(home, 'inside');
let directory: HeldDirectory;

beforeAll(() => {
  mkdirSync(join(inside, 'a/b'), { recursive: true });
  mkdirSync(join(home, 'outside'));
  writeFileSync(join(inside, 'a/b/file'), 'inside');
  writeFileSync(join(home, 'outside/file'), 'outside');
  symlinkSync('../outside', join(inside, 'link'));
  symlinkSync('a/b', join(inside, 'own-link'));
  symlinkSync('../outside/file', join(inside, 'file-link'));
  directory = HeldDirectory.open(inside);
});
afterAll(() => {
  directory.close();
  rmSync(home, { recursive: true });
});

function content(path: string): string {
  const fd = directory.openFile(path, O_RDONLY);
  try {
    const bytes = Buffer.alloc(100);
    return bytes.toString('utf8', 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}

test('a file below a directory is opened, and closed at exec', () => {
  expect(content('a/b/file')).toBe('inside');
  expect(content('./a//b/../b/file')).toBe('inside');
  const fd = directory.openFile('a/b/file', O_RDONLY);
  // FD_CLOEXEC shows as O_CLOEXEC in the flags.
  expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')).toMatch(/^flags:\s+0?2\d{6}/m);
  closeSync(fd);
});

test.each([
  ['link/file', 'ELOOP'],
  ['own-link/file', 'ELOOP'],
  ['file-link', 'ELOOP'],
  ['../outside/file', 'EXDEV'],
  ['a/../../outside/file', 'EXDEV'],
  ['/etc/passwd', 'EXDEV'],
  ['a/b/file/..', 'ENOTDIR'],
  ['missing/file', 'ENOENT'],
  ['', 'EINVAL'],
  ['a\0b', 'EINVAL'],
])('%j is refused: %s, and the error has the path that users know', (path, code) => {
  let thrown: unknown;
  try {
    closeSync(directory.openFile(path, O_RDONLY));
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code, path: join(inside, path) });
  expect(String(thrown)).not.toContain('/proc/self/fd');
});

test('a link of /proc is no way out', () => {
  const proc = HeldDirectory.open('/proc/self');
  expect(() => proc.openFile('root/etc/passwd', O_RDONLY)).toThrow(/ELOOP/);
  expect(() => proc.openFile('fd/0', O_RDONLY)).toThrow(/ELOOP/);
  proc.close();
});

test('a name with a slash, and the names of no entry, are refused by all that takes names', () => {
  for (const name of ['', '.', '..', 'a/b', '../outside/file', 'a\0']) {
    expect(() => directory.look(name)).toThrow(/not the name of an entry/);
    expect(() => directory.remove(name)).toThrow(/not the name of an entry/);
    expect(() => directory.rename(name, 'x')).toThrow(/not the name of an entry/);
    expect(() => directory.rename('x', name)).toThrow(/not the name of an entry/);
    expect(() => directory.makeDirectory(name, 0o700)).toThrow(/not the name of an entry/);
  }
});

test('entries are created, read, renamed, linked and removed', async () => {
  const fd = directory.openFile('new', O_RDWR | O_CREAT | O_EXCL | carefully, 0o640);
  expect(fstatSync(fd).mode & 0o777).toBe(0o640 & ~process.umask());
  directory.rename('new', 'newer');
  expect(directory.look('new')).toBeUndefined();
  expect(directory.look('newer')?.ino).toBe(fstatSync(fd, { bigint: true }).ino);
  closeSync(fd);
  const nameless = directory.openFile('.', O_RDWR | 0o20200000, 0o600);
  directory.link(nameless, 'linked');
  expect(() => directory.link(nameless, 'linked')).toThrow(/EEXIST/);
  closeSync(nameless);
  expect(directory.remove('linked')).toBe(true);
  expect(directory.remove('linked')).toBe(false);
  const tree = directory.makeDirectory('tree', 0o700);
  symlinkSync(join(home, 'outside'), tree.pathTo('way-out'));
  writeFileSync(tree.pathTo('file'), '');
  tree.close();
  await directory.removeTree('tree');
  await directory.removeTree('newer');
  await directory.removeTree('missing');
  expect(directory.look('tree')).toBeUndefined();
  expect(directory.look('newer')).toBeUndefined();
  expect(readFileSync(join(home, 'outside/file'), 'utf8')).toBe('outside');
  expect(directory.list().map(({ name }) => name)).toContain('file-link');
});

test('a directory that is already there is used, and a link in its place is not', () => {
  directory.makeDirectory('a', 0o700).close();
  expect(() => directory.makeDirectory('link', 0o700)).toThrow(/ELOOP/);
});

test('the error for a tree that cannot be removed names its path', async () => {
  const proc = HeldDirectory.open('/proc');
  await expect(proc.removeTree('sys')).rejects.toMatchObject({
    code: 'HOST_COMMAND',
    place: '/proc/sys',
    reason: expect.stringMatching(/^rm: cannot remove /),
  });
  proc.close();
});

test('an open directory is the same one after it was moved away, and another one in its place is not seen', () => {
  const held = directory.directory('a');
  renameSync(join(inside, 'a'), join(inside, 'moved'));
  symlinkSync('../outside', join(inside, 'a'));
  expect(held.look('b')?.isDirectory()).toBe(true);
  expect(held.look('file')).toBeUndefined();
  rmSync(join(inside, 'a'));
  renameSync(join(inside, 'moved'), join(inside, 'a'));
  held.close();
});

test('10,000 opens while a directory on the way is swapped for a link: the file inside, or an error', async () => {
  mkdirSync(join(inside, 'swap'));
  writeFileSync(join(inside, 'swap/file'), 'inside');
  const swapper = await Swapper.start(join(inside, 'swap'), '../outside', { real: 0, link: 0 }, 0);
  const seen = { inside: 0, refused: 0 };
  try {
    for (let i = 0; i < 10_000; i++) {
      try {
        expect(content('swap/file')).toBe('inside');
        seen.inside += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(?:ELOOP|ENOENT)$/) });
        seen.refused += 1;
      }
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await swapper.stop();
  }
  expect(seen.inside).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
});

test('a name that is not UTF-8 is opened by its bytes', () => {
  const bytes = Buffer.from([0x66, 0xff, 0x80]);
  closeSync(openSync(Buffer.concat([Buffer.from(`${inside}/`), bytes]), 'w'));
  const { fd } = directory;
  closeSync(openBeneath(fd, bytes, O_RDONLY));
  expect(readdirSync(inside, 'buffer').some((name) => name.equals(bytes))).toBe(true);
});

test.each([
  ['4.19.0-27-amd64', false],
  ['5.5.19', false],
  ['5.6.0', true],
  ['5.15.0-105-generic', true],
  ['6.1.0-49-amd64', true],
  ['10.0', true],
])('Linux %s has openat2: %s', (release, expected) => {
  expect(knowsOpenat2(release)).toBe(expected);
});
