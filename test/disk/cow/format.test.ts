import { statSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  BACKING_PATH_MAX,
  COW_HEADER_BYTES,
  decodeCow,
  encodeCowHeader,
  encodeMtime,
  isCow,
  layOutCow,
} from '../../../src/disk/cow/format.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';
import { makeCow, makeImage, makeScratch, readHead } from './oracle.ts';

const scratch = makeScratch();
afterAll(() => scratch.close());

const MiB = 1024 ** 2;
const header = { backing: '/disks/base.dsk', size: 10_000, mtime: 1_700_000_000 };

/** A file of version 3 with this header, as bytes and length. */
function fileOf(bytes: Buffer, size: number): [Buffer, number] {
  const { dataOffset } = layOutCow(size);
  return [Buffer.concat([bytes], COW_HEADER_BYTES), dataOffset + size];
}

describe('uml_mkcow', () => {
  const sizes = [0, 1, 511, 512, 513, 4095, 4096, 4097, 100_001, 16 * MiB + 512, 4096 * MiB + 1, 5000 * MiB];
  test.each(sizes)('writes the same header and length for %i bytes', (size) => {
    const [backing, cow] = [scratch.path('base.dsk'), scratch.path('x.cow')];
    makeImage(backing, size, []);
    makeCow(cow, backing);
    const mtime = Math.floor(statSync(backing).mtimeMs / 1000);
    const ours = encodeCowHeader({ backing, size, mtime });
    const theirs = readHead(cow, 8192);
    expect(theirs.equals(Buffer.concat([ours], 8192))).toBe(true);
    const { size: length } = statSync(cow);
    expect(length).toBe(layOutCow(size).dataOffset + size);
    expect(decodeCow(theirs, length, cow)).toMatchObject({ version: 3, backing, size, mtime });
  });
});

test('an encoded header decodes to the same header', () => {
  const path = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 300 })
    .filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(path, fc.nat(2 ** 40), fc.nat(2 ** 32 - 1), (name, size, mtime) => {
      const wanted = { backing: `/${name}`, size, mtime };
      const [bytes, length] = fileOf(encodeCowHeader(wanted), size);
      expect(decodeCow(bytes, length, 'x')).toMatchObject(wanted);
      expect(encodeCowHeader(decodeCow(bytes, length, 'x')).equals(bytes.subarray(0, 4128))).toBe(true);
    }),
  );
});

/** Version 1 as a 32-bit kernel of 2002 wrote it; version 2; version 3 with the padding of 64-bit systems. */
function oldHeader(kind: 1 | 2 | 'padded', size: number): Buffer {
  const bytes = Buffer.alloc(COW_HEADER_BYTES);
  const path = Buffer.from(header.backing);
  if (kind === 1) {
    bytes.writeInt32LE(0x4f4f4f4d, 0);
    bytes.writeInt32LE(1, 4);
    path.copy(bytes, 8);
    bytes.writeInt32LE(header.mtime, 264);
    bytes.writeBigUInt64LE(BigInt(size), 268);
    bytes.writeInt32LE(512, 276);
  } else if (kind === 2) {
    bytes.write('OOOM\0\0\0\x02', 'latin1');
    path.copy(bytes, 8);
    bytes.writeInt32BE(header.mtime, 4104);
    bytes.writeBigUInt64BE(BigInt(size), 4108);
    bytes.writeInt32BE(512, 4116);
  } else {
    bytes.write('OOOM\0\0\0\x03', 'latin1');
    bytes.writeInt32BE(header.mtime, 8);
    bytes.writeBigUInt64BE(BigInt(size), 16);
    bytes.writeInt32BE(512, 24);
    bytes.writeInt32BE(4096, 28);
    path.copy(bytes, 36);
  }
  return bytes;
}

test('old versions are read', () => {
  const common = { backing: header.backing, size: 65_536, mtime: header.mtime, sectors: 128, recorded: 128 };
  const decode = (kind: 1 | 2 | 'padded', size = 65_536) => decodeCow(oldHeader(kind, size), 1e6, 'x');
  expect(decode(1)).toMatchObject({
    ...common,
    version: 1,
    bitmapOffset: 280,
    bitmapLength: 16,
    dataOffset: 512,
  });
  expect(decode(2)).toMatchObject({
    ...common,
    version: 2,
    bitmapOffset: 4120,
    bitmapLength: 16,
    dataOffset: 4608,
  });
  expect(decode('padded')).toMatchObject({ ...common, version: 3, bitmapOffset: 8192, dataOffset: 12_288 });
  // 15 sectors have room in one byte of the bitmap only.
  expect(decode(2, 15 * 512)).toMatchObject({ bitmapLength: 1, sectors: 15, recorded: 8 });
});

test.each([1, 2, 3] as const)('a new time is written into version %i', (version) => {
  const bytes = version === 3 ? fileOf(encodeCowHeader(header), header.size)[0] : oldHeader(version, 4096);
  const mtime = encodeMtime({ version }, 4_294_967_295);
  mtime.bytes.copy(bytes, mtime.offset);
  const expected = { backing: header.backing, mtime: 4_294_967_295, version };
  expect(decodeCow(bytes, 1e6, 'x')).toMatchObject(expected);
});

describe('hostile headers', () => {
  const change = (edit: (bytes: Buffer) => void) => {
    const [bytes, length] = fileOf(encodeCowHeader(header), header.size);
    edit(bytes);
    return () => decodeCow(bytes, length, 'x');
  };
  test.each<[string, (bytes: Buffer) => void, RegExp]>([
    ['no magic', (b) => b.fill(0, 0, 4), /not a COW file/],
    ['version 4', (b) => b.writeUInt32BE(4, 4), /version 4/],
    ['a huge image', (b) => b.writeBigUInt64BE(2n ** 64n - 1n, 12), /invalid image size/],
    ['an image just too big', (b) => b.writeBigUInt64BE(8n * 1024n ** 4n, 12), /too large for a kernel/],
    ['an image bigger than its bitmap', (b) => b.writeBigUInt64BE(10n ** 12n, 12), /bitmap is truncated/],
    ['no sector size', (b) => b.writeUInt32BE(0, 20), /sectors of 0 bytes/],
    ['no alignment', (b) => b.writeUInt32BE(0, 24), /invalid alignment, 0/],
    ['alignment 1', (b) => b.writeUInt32BE(1, 24), /invalid alignment, 1/],
    ['alignment 2 GiB', (b) => b.writeUInt32BE(0x8000_0000, 24), /alignment/],
    ['another format', (b) => b.writeUInt32BE(1, 28), /format 1/],
    ['a path without end', (b) => b.fill(0x61, 32, 4128), /is not terminated/],
    ['a path that is no text', (b) => b.writeUInt8(0xff, 33), /UTF-8/],
  ])('%s', (_, edit, message) => {
    expect(change(edit)).toThrow(message);
    expect(change(edit)).toThrow(UmlmonError);
  });

  test('a file that ends anywhere within its header', () => {
    const [bytes] = fileOf(encodeCowHeader(header), header.size);
    for (const length of [0, 1, 7, 8, 279, 4000, 4127])
      expect(() => decodeCow(bytes.subarray(0, length), length, 'x')).toThrow(UmlmonError);
  });

  test('bytes at random give an error of ours or a layout within limits', () => {
    const edit = fc.tuple(fc.integer({ min: 0, max: 44 }), fc.nat(255));
    const base = fc.constantFrom(
      encodeCowHeader(header),
      oldHeader(1, 65_536),
      oldHeader(2, 65_536),
      oldHeader('padded', 65_536),
    );
    fc.assert(
      fc.property(base, fc.array(edit, { maxLength: 12 }), fc.nat(1e6), (origin, edits, length) => {
        const bytes = Buffer.concat([origin], COW_HEADER_BYTES);
        for (const [at, value] of edits) bytes.writeUInt8(value, at);
        try {
          const cow = decodeCow(bytes, length, 'x');
          expect(cow.bitmapOffset + cow.bitmapLength).toBeLessThanOrEqual(length);
          expect(cow.dataOffset).toBeGreaterThanOrEqual(cow.bitmapOffset + cow.bitmapLength);
          expect(cow.recorded).toBeLessThanOrEqual(cow.bitmapLength * 8);
        } catch (error) {
          expect(error).toBeInstanceOf(UmlmonError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('values that do not fit a header are refused', () => {
  const encode = (change: Partial<typeof header>) => () => encodeCowHeader({ ...header, ...change });
  expect(encode({ backing: `/${'a'.repeat(BACKING_PATH_MAX - 1)}` })).not.toThrow();
  expect(encode({ backing: `/${'a'.repeat(BACKING_PATH_MAX)}` })).toThrow(/has 4096 bytes/);
  expect(encode({ backing: 'disks/base.dsk' })).toThrow(/absolute/);
  expect(encode({ backing: '/disks/a\0b' })).toThrow(/absolute/);
  expect(encode({ mtime: -1 })).toThrow(/1970/);
  expect(encode({ mtime: 2 ** 32 })).toThrow(/2106/);
  expect(encode({ size: 8 * 1024 ** 4 })).toThrow(/too large/);
  expect(encode({ size: -1 })).toThrow(/too large/);
});

test('an image is a COW file by its magic number in either byte order', () => {
  expect(isCow(oldHeader(1, 0))).toBe(true);
  expect(isCow(oldHeader(2, 0))).toBe(true);
  expect(isCow(Buffer.alloc(4096))).toBe(false);
  expect(isCow(Buffer.from('OOOM'))).toBe(false);
});
