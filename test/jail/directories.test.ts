import '../helpers/tiers/needs-host.ts';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeDirectories } from '../../src/jail/directories.ts';
import { type JailDirectory, jailDirectories, layoutOf } from '../../src/jail/layout.ts';

// Needs root, as the whole project's tests do: only root can give directories away.
const self = { uid: 0, gid: 0 };
const vm = { uid: 61_234, gid: 61_235 };

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'umlmon-directories-'));
});
afterEach(() => rmSync(scratch, { recursive: true }));

const one = (name: string, rest: Partial<JailDirectory> = {}): JailDirectory => {
  return { path: join(scratch, name), mode: 0o750, owner: 'vm', group: 'vm', ...rest };
};
const look = (path: string) => {
  const { uid, gid, mode } = lstatSync(path);
  return { uid, gid, mode: mode & 0o7777 };
};
const refusal = expect.objectContaining({ code: 'JAIL_DIRECTORY' });

describe('makeDirectories', () => {
  test('makes all that a VM needs, once', () => {
    const directories = jailDirectories(
      layoutOf('vm1', { varDir: join(scratch, 'a/var'), runDir: join(scratch, 'run') }),
      true,
    );
    const paths = directories.map(({ path }) => path);
    expect(makeDirectories(directories, self, vm)).toEqual(paths);
    expect(makeDirectories(directories, self, vm)).toEqual([]);
    for (const { path, mode, owner, group } of directories)
      expect({ path, ...look(path) }).toEqual({
        path,
        mode,
        uid: owner === 'vm' ? vm.uid : 0,
        gid: group === 'vm' ? vm.gid : 0,
      });
  });

  test('repairs mode, group and owner of existing directories', () => {
    mkdirSync(join(scratch, 'x'));
    chmodSync(join(scratch, 'x'), 0o1777);
    expect(makeDirectories([one('x')], self, vm)).toEqual([]);
    expect(look(join(scratch, 'x'))).toEqual({ uid: vm.uid, gid: vm.gid, mode: 0o750 });
  });

  test.each([
    ['a stranger', 61_999, 'vm'],
    ['a stranger', 61_999, 'root'],
    ["the VM's user, where root should", 61_234, 'root'],
  ] as const)('refuses a directory that belongs to %s', (_, uid, owner) => {
    mkdirSync(join(scratch, 'x'));
    chownSync(join(scratch, 'x'), uid, uid);
    expect(() => makeDirectories([one('x', { owner })], self, vm)).toThrow(refusal);
    expect(look(join(scratch, 'x')).uid).toBe(uid);
  });

  test('follows no link, and leaves its target alone', () => {
    mkdirSync(join(scratch, 'target'), { mode: 0o700 });
    symlinkSync('target', join(scratch, 'x'));
    expect(() => makeDirectories([one('x')], self, vm)).toThrow(refusal);
    expect(look(join(scratch, 'target'))).toEqual({ ...self, mode: 0o700 });
  });

  test('for a link, the hint is the setting of another directory', () => {
    mkdirSync(join(scratch, 'large-disk'));
    symlinkSync('large-disk', join(scratch, 'var'));
    expect(() => makeDirectories([one('var', { owner: 'root' })], self, vm)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('vardir, rundir or shared') }),
    );
  });

  test('refuses a file, and a link to nowhere', () => {
    writeFileSync(join(scratch, 'x'), '');
    symlinkSync('nowhere', join(scratch, 'y'));
    for (const name of ['x', 'y']) expect(() => makeDirectories([one(name)], self, vm)).toThrow(refusal);
  });

  test('reports why the host refuses', () => {
    writeFileSync(join(scratch, 'x'), '');
    expect(() => makeDirectories([one('x/y')], self, vm)).toThrow(/ENOTDIR/);
  });
});
