import '../../helpers/tiers/needs-host.ts';
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTrusted } from '../../../src/system/files/trusted-path.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync('/var/lib/umlmon-trusted-');
  chmodSync(home, 0o755);
  mkdirSync(join(home, 'a/b'), { recursive: true });
  writeFileSync(join(home, 'a/b/program'), '', { mode: 0o755 });
});
afterEach(() => rmSync(home, { recursive: true }));

const nobody = 65534;

function why(path: string): string | undefined {
  const found = openTrusted(path);
  if (typeof found === 'string') return found;
  closeSync(found.fd);
  return undefined;
}

test('a file of root in directories of root is trusted, and is the one that is opened', () => {
  const found = openTrusted(join(home, 'a/b/program'));
  if (typeof found === 'string') throw new Error(found);
  expect(fstatSync(found.fd).ino).toBe(statSync(join(home, 'a/b/program')).ino);
  expect(found.path).toBe(join(home, 'a/b/program'));
  closeSync(found.fd);
});

test('links of root are followed', () => {
  symlinkSync('b/../b', join(home, 'a/relative'));
  symlinkSync(join(home, 'a'), join(home, 'absolute'));
  const found = openTrusted(join(home, 'absolute/relative/program'));
  expect(found).toMatchObject({ path: join(home, 'a/b/program') });
  if (typeof found !== 'string') closeSync(found.fd);
});

test('a file is not trusted if another user owns it or may write to it, or to a directory above it', () => {
  const program = join(home, 'a/b/program');
  chownSync(join(home, 'a'), nobody, nobody);
  expect(why(program)).toBe(`${join(home, 'a')} belongs to user ${nobody}`);
  chownSync(join(home, 'a'), 0, 0);
  chmodSync(join(home, 'a'), 0o775);
  expect(why(program)).toBe(`${join(home, 'a')} is writable by users other than its owner`);
  chmodSync(join(home, 'a'), 0o755);
  chmodSync(program, 0o757);
  expect(why(program)).toBe(`${program} is writable by users other than its owner`);
  chmodSync(program, 0o755);
  expect(why(program)).toBeUndefined();
});

test('a link through a directory that another user may change is not trusted', () => {
  mkdirSync(join(home, 'open'), { mode: 0o777 });
  chmodSync(join(home, 'open'), 0o777);
  symlinkSync('../a/b/program', join(home, 'open/program'));
  symlinkSync('open/program', join(home, 'program'));
  expect(why(join(home, 'program'))).toBe(`${join(home, 'open')} is writable by users other than its owner`);
});

test('in a directory with the sticky bit, a subdirectory of root is trusted, and a file or a link is not', () => {
  const sticky = join(home, 'sticky');
  mkdirSync(sticky);
  chmodSync(sticky, 0o1777);
  mkdirSync(join(sticky, 'ours'), { mode: 0o755 });
  writeFileSync(join(sticky, 'ours/program'), '', { mode: 0o755 });
  expect(why(join(sticky, 'ours/program'))).toBeUndefined();
  symlinkSync('ours', join(sticky, 'theirs'));
  lchownSync(join(sticky, 'theirs'), nobody, nobody);
  const among = 'is in a directory that users other than its owner can write to';
  expect(why(join(sticky, 'theirs/program'))).toBe(`${join(sticky, 'theirs')} ${among}`);
  // Ours, and perhaps not put there by us: where hard links are not restricted (proc(5), protected_hardlinks) anybody may.
  writeFileSync(join(sticky, 'linked'), '', { mode: 0o755 });
  expect(why(join(sticky, 'linked'))).toBe(`${join(sticky, 'linked')} ${among}`);
  symlinkSync('ours', join(sticky, 'link'));
  expect(why(join(sticky, 'link/program'))).toBe(`${join(sticky, 'link')} ${among}`);
  // A program that is a sticky directory's own name is a directory to which everybody may write.
  expect(why(sticky)).toBe(`${sticky} is writable by users other than its owner`);
});

test('a relative path, and a loop of links, are not trusted; a missing file is an error', () => {
  expect(why('bin/sh')).toBe('bin/sh is not an absolute path');
  symlinkSync('loop', join(home, 'loop'));
  expect(why(join(home, 'loop'))).toBe(`${join(home, 'loop')} leads through too many links`);
  expect(() => openTrusted(join(home, 'missing'))).toThrow(/ENOENT/);
});
