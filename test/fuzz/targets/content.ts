/** What guests write to their disks, as every look before a start reads it. */
import type { VmConfig } from '../../../src/config/config.ts';
import { examineContent } from '../../../src/disk/content/guest-content.ts';
import { checkContent } from '../../../src/plan/checks/check-content.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, assertSafe, type Target } from '../target.ts';

function bytes(length: number, ...parts: readonly (readonly [at: number, hex: string])[]): Buffer {
  const made = Buffer.alloc(length);
  for (const [at, hex] of parts) made.write(hex, at, 'hex');
  return made;
}

const text = (value: string) => Buffer.from(value, 'latin1').toString('hex');
const bootable: readonly [number, string] = [510, '55aa'];

const corpus: Corpus = {
  samples: [
    // ext4: 8192 blocks of 4096 bytes.
    bytes(
      2048,
      [1024 + 4, '00200000'],
      [1024 + 24, '02000000'],
      [1024 + 56, '53ef0100'],
      [1024 + 96, 'c2020000'],
    ),
    bytes(1024, [0, text('XFSB')], [4, '00001000'], [8, '0000000000002000'], [102, '0200']),
    bytes(512, [0, text('hsqs')], [12, '00000200'], [40, '0000100000000000']),
    bytes(2048, [1024, 'e2e1f5e0'], [1024 + 12, '0c'], [1024 + 36, '00200000']),
    bytes(
      68 * 1024,
      [65_536 + 64, text('_BHRfS_M')],
      [65_536 + 144, '00100000'],
      [65_536 + 209, '0000000001000000'],
    ),
    bytes(4096, [450, '83'], [454, '0008000000100000'], bootable),
    bytes(
      4096,
      [450, 'ee'],
      [454, '01000000ffffffff'],
      bootable,
      [512, text('EFI PART')],
      [584, '0200000000000000'],
      [592, '8000000080000000'],
    ),
    bytes(512, [0, '514649fb00000003']),
    bytes(512, [257, text('ustar')]),
    Buffer.alloc(4096),
  ],
  words: [
    'EFI PART',
    'XFSB',
    'hsqs',
    '_BHRfS_M',
    'QFI\xfb',
    'ustar',
    '\xff\xff\xff\xff\xff\xff\xff\xff',
    '\x53\xef',
  ],
  maxBytes: 70 * 1024,
};

const vm = (partition: number) =>
  ({ name: 'vm1', append: [], root: { unit: 0, partition, device: '/dev/ubda' } }) as unknown as VmConfig;

/** Nothing is thrown, at most one problem is found, and its words act on no terminal. */
const diskContent: Target = {
  name: 'disk-content',
  share: 40,
  make: (random) => makeInput(random, corpus),
  run(input, random) {
    const size = random.oneIn(4) ? input.length : input.length + random.below(2 ** 30);
    const content = examineContent((offset, length) => {
      assert(length <= 4 * 1024 ** 2, 'no look reads much');
      return input.subarray(offset, offset + length);
    }, size);
    const found = [0, 1, 5].flatMap((partition) =>
      [0, 1].map((unit) => checkContent(vm(partition), { unit, hostPath: '/disks/a.dsk', content })),
    );
    for (const problems of found) {
      assert(problems.length <= 1, 'there is one reason at most');
      for (const { why } of problems) assertSafe(`${why.cause} ${why.hint}`, 'the problem');
    }
    return found.some((problems) => problems.length > 0) ? 'refused' : 'taken';
  },
};

export const contentTargets: readonly Target[] = [diskContent];
