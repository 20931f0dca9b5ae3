/** Files of users keep their owner, mode and other attributes when they are rewritten. */
import '../../helpers/tiers/needs-host.ts';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { rewriteFile } from '../../../src/system/files/rewrite-file.ts';
import { inodeFlags } from '../../../src/system/native/native.ts';
import { attributesOf, readableByUser1, setAttribute } from '../../helpers/host/attributes.ts';
import { buildProgram } from '../../helpers/programs/program.ts';

const home = mkdtempSync(join(tmpdir(), 'umlmon-rewrite-'));
const directory = join(home, 'etc');
const path = join(directory, 'umlmon.ini');

beforeEach(() => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  writeFileSync(path, 'old\n', { mode: 0o644 });
});
afterAll(() => rmSync(home, { recursive: true }));

const rewrite = (text: string, at = path) => rewriteFile(at, Buffer.from(text), { newMode: 0o600 });
const content = (at = path) => readFileSync(at, 'utf8');

function withFile<R>(use: (fd: number) => R): R {
  const fd = openSync(path, 'r');
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

const child = await buildProgram('rewrite-child', {
  text: `import { rewriteFile } from './src/system/files/rewrite-file.ts';
    const [path = '', text = ''] = process.argv.slice(2);
    try { rewriteFile(path, Buffer.from(text), { newMode: 0o600 }); console.log('written') }
    catch (error) { console.log(String(error)) }`,
});

/** The same in a process and a mount namespace of its own, which a line of a shell has prepared; what is said, and `after`. */
function rewriteIn(prepare: string, text: string, before: readonly string[] = [], after = ''): string {
  const words = [...before, process.execPath, child, path, text];
  const { stdout, stderr } = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', `${prepare}\n"$@"\n${after}`, 'sh', ...words],
    {
      encoding: 'utf8',
    },
  );
  return stdout.trim() + stderr;
}

test('owner, mode, access control list, labels and attributes of users stay', () => {
  chownSync(path, 2, 3);
  chmodSync(path, 0o640);
  setAttribute(path, 'system.posix_acl_access', readableByUser1);
  setAttribute(path, 'user.note', Buffer.from('kept'));
  setAttribute(path, 'trusted.note', Buffer.from('too'));
  setAttribute(path, 'security.label', Buffer.from('a label'));
  const before = { ...statSync(path), attributes: attributesOf(path) };
  rewrite('new\n');
  const { mode, uid, gid, ino } = statSync(path);
  expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: 2, gid: 3 });
  expect(attributesOf(path)).toEqual(before.attributes);
  expect(ino).not.toBe(before.ino);
  expect(content()).toBe('new\n');
  expect(readdirSync(directory)).toEqual(['umlmon.ini']);
});

test('an access control list that new files of the directory get is not added', () => {
  setAttribute(directory, 'system.posix_acl_default', readableByUser1);
  rewrite('new\n');
  expect(attributesOf(path).has('system.posix_acl_access')).toBe(false);
  expect(statSync(path).mode & 0o7777).toBe(0o644);
});

test('hard links lead to the new content, and flags of chattr stay', () => {
  const other = join(directory, 'other');
  linkSync(path, other);
  rewrite('new and longer\n');
  expect(content(other)).toBe('new and longer\n');
  rewrite('x\n');
  expect(content(other)).toBe('x\n');
  rmSync(other);
  if (spawnSync('chattr', ['+d', path]).status !== 0) return;
  const flags = withFile(inodeFlags);
  rewrite('newer\n');
  expect(withFile(inodeFlags)).toBe(flags);
  expect(content()).toBe('newer\n');
});

test('a link is refused, or followed if the caller allows it', () => {
  const link = join(directory, 'link');
  symlinkSync('umlmon.ini', link);
  expect(() => rewrite('new\n', link)).toThrow(/ELOOP/);
  rewriteFile(link, Buffer.from('new\n'), { newMode: 0o600, links: 'follow' });
  expect(content()).toBe('new\n');
  expect(readdirSync(directory).sort()).toEqual(['link', 'umlmon.ini']);
});

test('a file that is mounted alone is written in place, as in a container', () => {
  const { ino } = statSync(path);
  expect(rewriteIn(`mount --bind ${path} ${path}`, 'new and longer\n')).toBe('written');
  expect(content()).toBe('new and longer\n');
  expect(statSync(path).ino).toBe(ino);
  expect(rewriteIn(`mount --bind ${path} ${path}`, 'x\n')).toBe('written');
  expect(content()).toBe('x\n');
  expect(readdirSync(directory)).toEqual(['umlmon.ini']);
});

test('a directory that its user may not write to, and a file of another user that its group may write', () => {
  chmodSync(home, 0o755);
  chownSync(path, 4, 5);
  chmodSync(path, 0o664);
  const asMember = ['setpriv', '--reuid=6', '--regid=6', '--groups=5'];
  expect(rewriteIn('', 'new\n', asMember)).toBe('written');
  chownSync(directory, 6, 6);
  expect(rewriteIn('', 'newer\n', asMember)).toBe('written');
  expect(content()).toBe('newer\n');
  expect(statSync(path)).toMatchObject({ uid: 4, gid: 5, mode: 0o100664 });
  expect(readdirSync(directory)).toEqual(['umlmon.ini']);
});

test('a full disk leaves the old content, whichever way it is written', () => {
  const small = `mount -t tmpfs -o size=64k tmpfs ${directory}; cp /dev/null ${path}; printf old >${path};
    dd if=/dev/zero of=${directory}/fill bs=4k count=14 2>/dev/null`;
  const big = 'x'.repeat(20_000);
  for (const more of ['', `ln ${path} ${directory}/other`]) {
    const said = rewriteIn(`${small}\n${more}`, big, [], `cat ${path}`);
    expect(said).toMatch(/ENOSPC[\s\S]*\nold$/);
    expect(said).toContain(`df ${directory}`);
  }
});

test('a file system that is read-only, and a file that is immutable', () => {
  expect(
    rewriteIn(`mount --bind ${directory} ${directory}; mount -o remount,ro,bind ${directory}`, 'new'),
  ).toMatch(/umlmon\.ini: EROFS: .*findmnt -T/);
  if (spawnSync('chattr', ['+i', path]).status !== 0) return;
  try {
    expect(() => rewrite('new')).toThrow(/EPERM: .*lsattr/);
  } finally {
    execFileSync('chattr', ['-i', path]);
  }
  expect(content()).toBe('old\n');
});

test('the content before an interrupted change is not lost', () => {
  linkSync(path, join(directory, 'other'));
  const saved = join(directory, '.umlmon.ini.umlmon-old');
  writeFileSync(saved, 'before\n');
  expect(() => rewrite('new\n')).toThrow(
    `an earlier change was interrupted; ${saved} has the previous content`,
  );
  expect(content()).toBe('old\n');
  expect(content(saved)).toBe('before\n');
});

test('a new file has the mode that was asked for', () => {
  rmSync(path);
  rewrite('new\n');
  expect(statSync(path).mode & 0o7777).toBe(0o600);
});
