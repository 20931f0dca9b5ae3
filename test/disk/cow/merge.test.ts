import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import '../../helpers/tiers/needs-host.ts';
import { createCow, mergeCow, mergeCowInPlace, readCowInfo, rebaseCow } from '../names/by-path.ts';
import {
  allocated,
  makeCow,
  makeImage,
  makeScratch,
  moo,
  noise,
  range,
  type Scratch,
  sameBytes,
  writeSectors,
} from './oracle.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mode: 0o640 };

let scratch: Scratch;
let [backing, cow, ours, theirs] = ['', '', '', ''];

beforeEach(() => {
  scratch = makeScratch();
  [backing, cow, ours, theirs] = [
    scratch.path('base.dsk'),
    scratch.path('x.cow'),
    scratch.path('ours.dsk'),
    scratch.path('theirs.dsk'),
  ];
});

afterEach(() => scratch.close());

/** A backing file with data and holes, and a COW file of uml_mkcow over it with these sectors. */
function prepare(size: number, sectors: readonly number[] = []): void {
  makeImage(backing, size, [
    [0, 3 * KiB],
    [100 * KiB, 700 * KiB],
    [3 * MiB - 512, 2 * MiB],
    [Math.max(0, size - 5000), 5000],
  ]);
  makeCow(cow, backing);
  writeSectors(cow, size, sectors);
}

const patterns: Readonly<Record<string, (sectors: number) => number[]>> = {
  none: () => [],
  all: (sectors) => range(0, sectors),
  'every second': (sectors) => range(0, sectors, 2),
  'every eighth but one': (sectors) => range(0, sectors).filter((sector) => sector % 8 !== 3),
  'blocks far apart': (sectors) => range(0, sectors).filter((sector) => sector % 800 < 8),
  'one window': (sectors) => range(0, sectors).filter((sector) => sector >= 2048 && sector < 4096),
  'long runs': (sectors) => range(0, sectors).filter((sector) => sector % 5000 < 2300),
  'the ends': (sectors) => [0, sectors - 1].filter((sector) => sector >= 0 && sector < sectors),
};

/** uml_moo leaves out a last sector that is cut. */
const wholeSectors = (size: number) => size - (size % 512);

describe('against uml_moo', () => {
  const sizes = [0, 1, 512, 1024, 4095, 4096, 4608, 100_001, MiB, MiB + 512, 3 * MiB - 1, 5 * MiB + 1536];
  describe.each(sizes)('%i bytes', (size) => {
    test.each(Object.keys(patterns))('%s', async (name) => {
      prepare(size, patterns[name]?.(Math.floor(size / 512)) ?? []);
      moo(cow, theirs);
      await mergeCow({ path: cow, backing, target: ours });
      expect(statSync(ours).size).toBe(size);
      expect(statSync(theirs).size).toBeLessThanOrEqual(wholeSectors(size));
      expect(sameBytes(ours, theirs, statSync(theirs).size)).toBe(true);
      expect(sameBytes(ours, backing, statSync(theirs).size)).toBe(patternIsEmpty(name, size));
      // The cut end, which uml_moo leaves out.
      const end = (path: string) => readFileSync(path).subarray(wholeSectors(size));
      expect(end(ours).equals(end(backing))).toBe(true);

      const [backingOfMoo, cowOfMoo] = [scratch.path('moo.dsk'), scratch.path('moo.cow')];
      copyFileSync(backing, backingOfMoo);
      makeCow(cowOfMoo, backingOfMoo);
      writeSectors(cowOfMoo, size, patterns[name]?.(Math.floor(size / 512)) ?? []);
      moo('-d', cowOfMoo);
      await mergeCowInPlace({ path: cow, backing });
      expect(sameBytes(backing, ours)).toBe(true);
      expect(sameBytes(backing, backingOfMoo)).toBe(true);
      expect(await readCowInfo(cow, backing)).toMatchObject({ usedSectors: 0, changes: [], merging: false });
    });
  });

  function patternIsEmpty(name: string, size: number): boolean {
    return (patterns[name]?.(Math.floor(size / 512)) ?? []).length === 0;
  }

  test('an image of more than 4 GiB, nearly all of it holes', async () => {
    const size = 4096 * MiB + 3 * 512;
    const sectors = [0, 7, 8, 2048 * 1024 - 1, 8 * MiB, size / 512 - 1];
    prepare(size, sectors);
    await mergeCow({ path: cow, backing, target: ours });
    moo(cow, theirs);
    expect(sameBytes(ours, theirs, size)).toBe(true);
    expect(allocated(ours)).toBeLessThan(8 * MiB);
    await mergeCowInPlace({ path: cow, backing });
    expect(sameBytes(backing, theirs, size)).toBe(true);
    expect(await readCowInfo(cow, backing)).toMatchObject({ usedSectors: 0, changes: [], merging: false });
    // uml_moo writes all of it.
  }, 240_000);
});

/** Versions that only old kernels wrote, with all bits of their bitmap set but those of the first block. */
describe.each([1, 2])('version %i', (version) => {
  test('is merged as uml_moo does', async () => {
    const size = 64 * KiB;
    makeImage(backing, size, [[0, size]]);
    const mtime = Math.floor(statSync(backing).mtimeMs / 1000);
    const headerBytes = version === 1 ? 280 : 4120;
    const bytes = Buffer.alloc((version === 1 ? 512 : 4608) + size);
    noise(size, 5).copy(bytes, bytes.length - size);
    bytes.fill(0xff, headerBytes + 1, headerBytes + 16);
    const end = headerBytes - 16;
    if (version === 1) {
      bytes.writeUInt32LE(0x4f4f4f4d, 0);
      bytes.writeUInt32LE(1, 4);
      bytes.writeUInt32LE(mtime, end);
      bytes.writeBigUInt64LE(BigInt(size), end + 4);
      bytes.writeUInt32LE(512, end + 12);
    } else {
      bytes.write('OOOM\0\0\0\x02', 'latin1');
      bytes.writeUInt32BE(mtime, end);
      bytes.writeBigUInt64BE(BigInt(size), end + 4);
      bytes.writeUInt32BE(512, end + 12);
    }
    bytes.write(backing, 8);
    writeFileSync(cow, bytes);
    await mergeCow({ path: cow, backing, target: ours });
    const expected = Buffer.concat([readFileSync(backing).subarray(0, 4096), noise(size, 5).subarray(4096)]);
    expect(readFileSync(ours).equals(expected)).toBe(true);
    moo(cow, theirs);
    expect(sameBytes(ours, theirs, size)).toBe(true);
  });
});

test('a cut last sector that the guest wrote is kept whole, in place too, and after a merge that was interrupted', async () => {
  prepare(10_000, [0, 19]);
  await mergeCow({ path: cow, backing, target: ours });
  expect(statSync(ours).size).toBe(10_240);
  const image = readFileSync(ours);
  expect(image.subarray(19 * 512).equals(noise(512, 19 * 31 + 7))).toBe(true);
  const kept = scratch.path('kept.cow');
  copyFileSync(cow, kept);
  await mergeCowInPlace({ path: cow, backing });
  expect(readFileSync(backing).equals(image)).toBe(true);
  // As if killed after its writes: the mark of a merge, and a backing file that has grown.
  const bytes = readFileSync(kept);
  bytes.fill(0xff, 8, 12);
  writeFileSync(cow, bytes);
  expect(await readCowInfo(cow, backing)).toMatchObject({ merging: true });
  await mergeCowInPlace({ path: cow, backing });
  expect(readFileSync(backing).equals(image)).toBe(true);
});

test('holes stay holes, and zeros of the guest become holes', async () => {
  const size = 32 * MiB;
  makeImage(backing, size, [[0, MiB]]);
  makeCow(cow, backing);
  writeSectors(cow, size, [3000]);
  await mergeCow({ path: cow, backing, target: ours });
  expect(allocated(ours)).toBeLessThan(2 * MiB);
});

test('progress rises to the size of the image', async () => {
  prepare(20 * MiB, range(0, 30_000, 3));
  const seen: number[] = [];
  await mergeCow(
    { path: cow, backing, target: ours },
    { onProgress: (done, total) => seen.push(done, total) },
  );
  const done = seen.filter((_, index) => index % 2 === 0);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(done.length).toBeGreaterThan(3);
  expect(seen.slice(-2)).toEqual([20 * MiB, 20 * MiB]);
});

describe('refused', () => {
  const merge = () => mergeCow({ path: cow, backing, target: ours });
  test('a changed backing file', async () => {
    prepare(MiB, [5]);
    utimesSync(backing, 1, 1);
    await expect(merge()).rejects.toThrow(/modification time is 1970-01-01T00:00:01Z instead of/);
    await expect(mergeCowInPlace({ path: cow, backing })).rejects.toThrow(/modification time/);
    expect((await readCowInfo(cow, backing)).changes).toHaveLength(1);
  });
  test('a backing file of another size', async () => {
    prepare(MiB, [5]);
    makeImage(backing, 2 * MiB, []);
    await expect(merge()).rejects.toThrow(/2097152 bytes instead of 1048576/);
  });
  test('a target that exists', async () => {
    prepare(MiB, [5]);
    writeFileSync(ours, 'mine');
    await expect(merge()).rejects.toMatchObject({ code: 'IMAGE_EXISTS' });
    expect(readFileSync(ours, 'utf8')).toBe('mine');
  });
  test('a COW file with truncated data', async () => {
    prepare(8 * MiB, range(8000, 9000));
    writeFileSync(cow, readFileSync(cow).subarray(0, 4 * MiB));
    await expect(merge()).rejects.toThrow(/damaged COW file: it has 4194304 bytes/);
    expect(existsSync(ours)).toBe(false);
  });
});

test('a cancelled merge leaves no trace of a new image', async () => {
  prepare(20 * MiB, range(0, 30_000, 3));
  const cancel = new AbortController();
  const onProgress = () => cancel.abort(new Error('enough'));
  const merge = mergeCow({ path: cow, backing, target: ours }, { signal: cancel.signal, onProgress });
  await expect(merge).rejects.toThrow('enough');
  expect(readdirSync(scratch.directory).sort()).toEqual(['base.dsk', 'x.cow']);
});

test('createCow writes the same file as uml_mkcow, with the path of the jail', async () => {
  prepare(MiB + 1);
  await createCow({ path: ours, backing, storedBacking: backing, owner });
  expect(sameBytes(ours, cow)).toBe(true);
  expect(statSync(ours).mode & 0o777).toBe(0o640);
  expect(allocated(ours)).toBeLessThanOrEqual(12 * KiB);
  await createCow({ path: theirs, backing, storedBacking: '/shared/disks/base.dsk', owner });
  const info = await readCowInfo(theirs, backing);
  expect(info).toMatchObject({ usedSectors: 0, changes: [], cow: { backing: '/shared/disks/base.dsk' } });
});

describe('rebaseCow', () => {
  test('to the same content elsewhere changes the header only', async () => {
    prepare(2 * MiB, range(5, 400, 3));
    const moved = scratch.path('moved.dsk');
    copyFileSync(backing, moved);
    await mergeCow({ path: cow, backing, target: ours });
    await rebaseCow({ path: cow, backing: moved, storedBacking: moved });
    const [before, after] = [readFileSync(ours), scratch.path('after.dsk')];
    moo(cow, after);
    expect(readFileSync(after).equals(before)).toBe(true);
  });
  test('to another content keeps the image', async () => {
    const size = 3 * MiB + 700;
    prepare(size, range(5, 400, 3));
    await mergeCow({ path: cow, backing, target: ours });
    const other = scratch.path('other.dsk');
    makeImage(other, size, [
      [200 * KiB, 900 * KiB],
      [size - 400, 400],
    ]);
    await rebaseCow({ path: cow, backing: other, storedBacking: other, copyFrom: backing });
    await mergeCow({ path: cow, backing: other, target: theirs });
    expect(sameBytes(ours, theirs, size)).toBe(true);
    const after = scratch.path('after.dsk');
    moo(cow, after);
    expect(sameBytes(ours, after, wholeSectors(size))).toBe(true);
  });
  test('to another size is refused', async () => {
    prepare(MiB, [1]);
    makeImage(ours, 2 * MiB, []);
    const rebase = rebaseCow({ path: cow, backing: ours, storedBacking: ours });
    await expect(rebase).rejects.toMatchObject({ code: 'COW_BACKING' });
  });
});
