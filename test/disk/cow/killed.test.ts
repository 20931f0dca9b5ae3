/** SIGKILL and a full disk at each kind of system call of a slow disk command: the result is the old image or the new one. */
import '../../helpers/tiers/needs-host.ts';
import { copyFileSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mergeCow, mergeCowInPlace, readCowInfo, rebaseCow } from '../names/by-path.ts';
import { buildVerbChild } from './killed-child.ts';
import { makeCow, makeImage, makeScratch, range, type Scratch, sameBytes, writeSectors } from './oracle.ts';

const MiB = 1024 ** 2;
const size = 6 * MiB + 300;

let scratch: Scratch;
let [backing, cow, merged, other, target] = ['', '', '', '', ''];

const { runWith } = buildVerbChild('verb-child');

beforeEach(async () => {
  scratch = makeScratch();
  [backing, cow, merged, other, target] = ['base.dsk', 'x.cow', 'merged.dsk', 'other.dsk', 'new.dsk'].map(
    (name) => scratch.path(name),
  ) as [string, string, string, string, string];
  makeImage(backing, size, [[0, 5 * MiB]]);
  makeCow(cow, backing);
  // Windows of each kind, and the sector that is cut.
  writeSectors(cow, size, [...range(2048, 4096), ...range(4096, 8192, 300), Math.floor(size / 512)]);
  await mergeCow({ path: cow, backing, target: merged });
  makeImage(other, size, [[4 * MiB, MiB]]);
});

afterEach(() => scratch.close());

const files = () => readdirSync(scratch.directory).sort();
const faults = ['signal=KILL', 'error=ENOSPC'];
const merging: readonly [string, number][] = [
  ...([1, 2] as const).map((when): [string, number] => ['pwrite64', when]),
  ['copy_file_range', 1],
  ['copy_file_range', 2],
  ['ftruncate', 1],
  ['fsync', 1],
  ['fchown', 1],
  ['linkat', 1],
];

describe.each(faults)('%s', (fault) => {
  test.each(merging)('in a merge into a new image, at %s %i', (call, when) => {
    const ended = runWith(fault, call, when, 'mergeCow', { path: cow, backing, target });
    expect(ended).toBe(false);
    expect(files()).toEqual(['base.dsk', 'merged.dsk', 'other.dsk', 'x.cow']);
  });

  test.each<[string, number]>([
    ...([1, 2, 3, 5, 9, 12] as const).map((when): [string, number] => ['pwrite64', when]),
    ...([1, 2, 3] as const).map((when): [string, number] => ['fsync', when]),
    ['linkat', 1],
    ['rename', 1],
  ])('in a merge in place, at %s %i', async (call, when) => {
    const request = { path: cow, backing } as const;
    expect(runWith(fault, call, when, 'mergeCowInPlace', request)).toBe(false);
    const { merging: begun, changes } = await readCowInfo(cow, backing);
    // Before the mark, nothing has changed; after it no kernel opens the pair.
    expect(changes.length > 0).toBe(begun);
    await mergeCow({ path: cow, backing, target });
    expect(sameBytes(target, merged)).toBe(true);
    await mergeCowInPlace(request);
    expect(sameBytes(backing, merged)).toBe(true);
    expect(await readCowInfo(cow, backing)).toMatchObject({ usedSectors: 0, changes: [], merging: false });
    expect(files()).toEqual(['base.dsk', 'merged.dsk', 'new.dsk', 'other.dsk', 'x.cow']);
  });

  test.each<[string, number]>([
    ...([1, 2, 5, 8, 12] as const).map((when): [string, number] => ['pwrite64', when]),
    ['fsync', 1],
    ['fsync', 2],
  ])('in a rebase, at %s %i', async (call, when) => {
    const request = { path: cow, backing: other, storedBacking: other, copyFrom: backing };
    expect(runWith(fault, call, when, 'rebaseCow', request)).toBe(false);
    const { cow: header, changes } = await readCowInfo(cow, backing);
    const present = header.backing;
    expect([backing, other]).toContain(present);
    if (present === backing) expect(changes).toEqual([]);
    await mergeCow({ path: cow, backing: present, target });
    expect(sameBytes(target, merged)).toBe(true);
    if (present === backing) await rebaseCow(request);
    const again = scratch.path('again.dsk');
    await mergeCow({ path: cow, backing: other, target: again });
    expect(sameBytes(again, merged)).toBe(true);
  });
});

test('the commands in their own process finish without an error', async () => {
  const never = ['signal=KILL', 'pwrite64', 60_000] as const;
  expect(runWith(...never, 'mergeCow', { path: cow, backing, target })).toBe(true);
  expect(sameBytes(target, merged)).toBe(true);
  const [copy, { atime, mtime }] = [scratch.path('copy.dsk'), statSync(backing)];
  copyFileSync(backing, copy);
  utimesSync(copy, atime, mtime);
  expect(runWith(...never, 'mergeCowInPlace', { path: cow, backing: copy })).toBe(true);
  expect(sameBytes(copy, merged)).toBe(true);
});
