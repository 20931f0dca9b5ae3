/** A guest that changes the header of its COW image while a client of the VM runs disk commands on it. */
import { chmodSync, chownSync, existsSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DiskCommand } from '../../../src/disk/commands/command-types.ts';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { HeaderFlipper } from '../../helpers/hostile/header-flipper.ts';
import { nobody } from '../../helpers/programs/world.ts';
import { client } from '../commands/callers.ts';
import { TestStore } from '../store/store.ts';
import { makeImage } from './oracle.ts';
import { writeCowHeader } from './sample-file.ts';

const size = 64 * 1024;
const mtime = 1_000_000_000;
const cow: ImageName = { vm: 'vm1', path: '/disks/e.cow' };
const mine: ImageName = { vm: 'vm1', path: '/disks/mine.dsk' };
const out: ImageName = { vm: 'vm1', path: '/disks/out.dsk' };
const golden: ImageName = { vm: '', path: '/shared/disks/golden.dsk' };
const secret: ImageName = { vm: '', path: '/shared/disks/secret.dsk' };

let store: TestStore;
let flipper: HeaderFlipper | undefined;
const path = (name: ImageName) => imagePathOnHost(name, store);

beforeEach(() => {
  store = new TestStore('/dev/shm');
  chmodSync(store.home, 0o755);
  for (const name of [mine, golden, secret]) {
    makeImage(store.add(name), size, [[0, size]]);
    utimesSync(path(name), mtime, mtime);
  }
  chownSync(path(mine), nobody, nobody);
  chmodSync(path(secret), 0o600);
  writeCowHeader(path(cow), { stored: mine.path, size, mtime });
  chownSync(path(cow), nobody, nobody);
});
afterEach(async () => {
  await flipper?.stop();
  flipper = undefined;
  store.close();
});

function flip(other: ImageName): void {
  const paths = [mine.path, other.path];
  flipper = HeaderFlipper.start(store.home, path(cow), { uid: nobody, size, mtime, paths });
}

/** The results of the attempts of a disk command: by code, '' for success. */
async function tryOften(
  request: DiskCommand,
  tries: number,
  afterwards: () => void,
): Promise<Map<string, number>> {
  const host = {
    store,
    by: '@vm1.1',
    owner: { uid: nobody, gid: nobody, mode: 0o600 },
    caller: client('vm1', nobody),
  };
  const ends = new Map<string, number>();
  for (let i = 0; i < tries; i++) {
    const end = await runDiskCommand(request, host).then(
      () => '',
      (error: unknown) => toFailure(error).code,
    );
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (end === '') afterwards();
  }
  return ends;
}

test('20,000 merges in place never write to a shared image', async () => {
  const before = readFileSync(path(golden));
  flip(golden);
  const ends = await tryOften({ verb: 'cow-merge', image: cow }, 20_000, () => {
    expect(readFileSync(path(golden)).equals(before)).toBe(true);
    // The next one finds the pair as this one did.
    utimesSync(path(mine), mtime, mtime);
    writeCowHeader(path(cow), { stored: mine.path, size, mtime });
  });
  console.log([...ends]);
  expect(readFileSync(path(golden)).equals(before)).toBe(true);
  // The race is one: both ways were taken.
  for (const end of ['', 'IMAGE_NOT_OWNED']) expect(ends.get(end), end).toBeGreaterThan(10);
}, 600_000);

test.each<[string, DiskCommand]>([
  ['convert', { verb: 'convert', image: cow, target: out }],
  ['cow-merge', { verb: 'cow-merge', image: cow, target: out }],
])(
  '1,000 times %s never gives the guest what it may not read',
  async (_, request) => {
    const hidden = readFileSync(path(secret)).subarray(4096);
    makeImage(path(mine), size, []);
    utimesSync(path(mine), mtime, mtime);
    flip(secret);
    const ends = await tryOften(request, 1_000, () => {
      expect(readFileSync(path(out)).subarray(4096).equals(hidden)).toBe(false);
      rmSync(path(out));
    });
    console.log([...ends]);
    expect(existsSync(path(out))).toBe(false);
    for (const end of ['', 'IMAGE_ACCESS']) expect(ends.get(end), end).toBeGreaterThan(1);
  },
  600_000,
);
