import '../../helpers/tiers/needs-host.ts';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { coversOf } from '../../../src/umlrun/host/covers.ts';

const user = { name: 'nobody', uid: 65_534, gid: 65_534 };
let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'umlmon-covers-'));
  chmodSync(home, 0o755);
  for (const path of ['a/b/c', 'closed/inner', 'run']) mkdirSync(join(home, path), { recursive: true });
  writeFileSync(join(home, 'file'), '');
  chmodSync(join(home, 'closed'), 0o700);
});
afterEach(() => rmSync(home, { recursive: true }));

const covers = (points: string[], own: string[] = []) =>
  coversOf(home, {
    mounts: points.map((path) => ({
      point: path.startsWith('/') ? path : join(home, path),
      source: '',
      type: 'xfs',
    })),
    own: own.map((path) => join(home, path)),
    user,
  }).map(
    ({ path, isDirectory, type }) =>
      `${path.slice(home.length + 1)} ${isDirectory ? 'directory' : 'file'} ${type}`,
  );

test('are the topmost file systems below a directory, files too', () => {
  expect(covers(['a/b/c', 'a', 'file', '/proc', '/'])).toEqual(['a directory xfs', 'file file xfs']);
});

test('are what is umlmon’s own, unless another cover has it', () => {
  expect(covers([], ['run'])).toEqual(['run directory ']);
  expect(covers(['run'], ['run'])).toEqual(['run directory xfs']);
});

test('hide what the user cannot reach, except deleted paths', () => {
  expect(covers(['closed/inner', 'missing'])).toEqual(['closed directory xfs']);
});
