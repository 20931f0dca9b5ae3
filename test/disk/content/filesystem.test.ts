/** File systems that programs of the host create are recognised; the programs are the oracle. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type ImageContent, recogniseImage } from '../../../src/disk/content/recognise.ts';
import { cowHazard } from '../../../src/disk/cow/hazard.ts';
import { makeScratch } from '../cow/oracle.ts';

const MiB = 1024 ** 2;
const scratch = makeScratch();
afterAll(() => scratch.close());
const image = scratch.path('x.dsk');

beforeEach(() => {
  writeFileSync(image, '');
  truncateSync(image, 320 * MiB);
});

function run(program: string, args: readonly string[], input = ''): void {
  const env = { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' };
  execFileSync(program, args, { input, env, stdio: ['pipe', 'ignore', 'pipe'] });
}

function recognise(): ImageContent | undefined {
  const fd = openSync(image, 'r');
  try {
    const { size } = statSync(image);
    return recogniseImage((offset, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
    }, size);
  } finally {
    closeSync(fd);
  }
}

const hazard = () => cowHazard(recognise(), statSync(image).size);

describe('file systems', () => {
  const ext = (type: string, blockSize: number) =>
    [
      `${type} ${blockSize}`,
      'mke2fs',
      ['-q', '-F', '-t', type, '-b', `${blockSize}`, '-L', 'a label', image],
    ] as const;
  test.each([
    [
      ...ext('ext2', 1024),
      { kind: 'ext2', blockSize: 1024, label: 'a label', state: 'clean' },
      /ext2 .* blocks of 1024/,
    ],
    [
      ...ext('ext3', 2048),
      { kind: 'ext3', blockSize: 2048, label: 'a label', state: 'clean' },
      /ext3 .* blocks of 2048/,
    ],
    [
      ...ext('ext4', 4096),
      { kind: 'ext4', blockSize: 4096, label: 'a label', state: 'clean', size: 320 * MiB },
      undefined,
    ],
    [
      'xfs',
      'mkfs.xfs',
      ['-q', '-L', 'x', image],
      { kind: 'xfs', blockSize: 4096, unit: 512, label: 'x' },
      /xfs .* sectors of 512/,
    ],
    [
      'xfs 4096',
      'mkfs.xfs',
      ['-q', '-s', 'size=4096', image],
      { kind: 'xfs', unit: 4096, size: 320 * MiB },
      undefined,
    ],
    [
      'btrfs',
      'mkfs.btrfs',
      ['-q', '-L', 'b', image],
      { kind: 'btrfs', blockSize: 4096, label: 'b', size: 320 * MiB },
      undefined,
    ],
    ['swap', 'mkswap', ['-q', '-L', 's', image], { kind: 'swap', label: 's', size: 320 * MiB }, undefined],
    [
      'fat',
      'mkfs.vfat',
      ['-n', 'FATTY', image],
      { kind: 'fat', unit: 512, label: 'FATTY' },
      /sectors of 512/,
    ],
  ])('%s', (_, program, args, expected, reason) => {
    run(program, args);
    expect(recognise()).toMatchObject({ holds: 'filesystem', ...expected });
    if (reason) expect(hazard()).toMatch(reason);
    else expect(hazard()).toBeUndefined();
  });

  test('squashfs, which is never written', () => {
    writeFileSync(scratch.path('file'), 'text');
    run('mksquashfs', [scratch.path('file'), image, '-noappend', '-quiet']);
    expect(recognise()).toMatchObject({ kind: 'squashfs', unit: 0 });
  });

  test('an empty image', () => {
    expect(recognise()).toBeUndefined();
    expect(hazard()).toBeUndefined();
    expect(cowHazard(undefined, 32_768)).toMatch(/hangs/);
    expect(cowHazard(undefined, 36_864)).toBeUndefined();
  });
});

describe('partitions', () => {
  const table = (label: 'dos' | 'gpt', ...lines: string[]) =>
    run('sfdisk', ['-q', image], [`label: ${label}`, ...lines].join('\n'));

  test('an MBR with logical partitions', () => {
    table(
      'dos',
      'start=2048, size=20480',
      'start=30720, type=5',
      'start=32768, size=20480',
      'start=65536, size=4096',
    );
    const at = (number: number, sector: number, sectors: number) => ({
      number,
      start: sector * 512,
      size: sectors * 512,
    });
    expect(recognise()).toMatchObject({
      kind: 'mbr',
      partitions: [at(1, 2048, 20_480), at(5, 32_768, 20_480), at(6, 65_536, 4096)],
    });
    expect(hazard()).toBeUndefined();
  });
  test('a GPT, with the file systems of its partitions', () => {
    table('gpt', 'start=2048, size=20480', 'start=40960, size=40960');
    run('mke2fs', ['-q', '-F', '-b', '1024', '-E', `offset=${40_960 * 512}`, image, '20M']);
    expect(recognise()).toMatchObject({
      kind: 'gpt',
      partitions: [
        { number: 1, content: undefined },
        { number: 2, start: 40_960 * 512, content: { kind: 'ext2' } },
      ],
    });
    expect(hazard()).toMatch(/^in partition 2, the ext2 file system has blocks of 1024/);
  });
  test.each(['dos', 'gpt'] as const)('%s, not aligned to 4 KiB', (label) => {
    table(label, 'start=2049, size=20480');
    expect(hazard()).toMatch(/^partition 1 starts at byte 1049088/);
  });
});

test('sectors at random never throw, nor ask for more than is bearable', () => {
  const magic = fc.constantFrom(
    'EFI PART',
    'XFSB',
    'hsqs',
    '_BHRfS_M',
    'SWAPSPACE2',
    '\x55\xaa',
    '\x53\xef',
    'FAT32',
  );
  const offsets = fc.constantFrom(0, 82, 446, 450, 510, 512, 584, 1080, 4086, 65_600);
  const piece = fc.tuple(
    offsets,
    fc.oneof(magic, fc.string({ unit: fc.constantFrom('\xff', '\x05', '\xee', '\0') })),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.integer({ min: 0, max: 70_000 }), (pieces, size) => {
      const bytes = Buffer.alloc(size);
      for (const [offset, text] of pieces) if (offset < size) bytes.write(text, offset, 'latin1');
      let asked = 0;
      const content = recogniseImage((offset, length) => {
        asked += length;
        expect(Number.isSafeInteger(offset)).toBe(true);
        return bytes.subarray(offset, offset + length);
      }, size);
      cowHazard(content, size);
      expect(asked).toBeLessThan(4 * MiB);
    }),
    { numRuns: 2000 },
  );
});
