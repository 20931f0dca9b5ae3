import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Emulator } from '../../src/console/emulator.ts';
import { cellsOf } from '../helpers/cells.ts';

const size = { columns: 12, rows: 5 };
const much = 10_000_000;

/** The screen of who was there from the start, and of who came after `before`. */
async function bothScreens(
  before: Uint8Array,
  after: Uint8Array,
  history = 0,
): Promise<[string[], string[]]> {
  const early = new Emulator(size);
  await early.write(before);
  const late = new Emulator(size);
  await late.write(early.replay(history, much).data);
  // What the emulator holds back is not in its picture: the bytes after it begin there.
  await late.write(Buffer.concat([before.subarray(before.length - early.heldBytes), after]));
  await early.write(after);
  const screens: [string[], string[]] = [cellsOf(early, history), cellsOf(late, history)];
  early.close();
  late.close();
  return screens;
}

const number = fc.oneof(fc.integer({ min: 0, max: 14 }), fc.constantFrom(0, 1, 2, 5, 12));
const csi = (finals: string, count = 1) =>
  fc
    .tuple(fc.array(number, { maxLength: count }), fc.constantFrom(...finals))
    .map(([numbers, final]) => `\x1b[${numbers.join(';')}${final}`);

const piece = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.string({ minLength: 1, maxLength: 9, unit: fc.constantFrom(...'abcdefgh qx#~') }),
  },
  { weight: 2, arbitrary: fc.constantFrom('漢', '字', 'é', 'e\u0301', '😀', 'ﬁ') },
  { weight: 3, arbitrary: fc.constantFrom('\r\n', '\n', '\r', '\b', '\t', '\x1bM', '\x1bD', '\x1bE') },
  { weight: 3, arbitrary: csi('ABCDEFGdHf`ae', 2) },
  { weight: 2, arbitrary: csi('JKX@PLMSTb') },
  { weight: 2, arbitrary: fc.tuple(number, number).map(([a, b]) => `\x1b[${a};${b}r`) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(
        ...['0', '1', '2', '4', '7', '9', '22', '24', '27', '31', '42', '39', '49', '91', '104', '53'],
        ...['38;5;200', '48;5;17', '38;2;1;2;3', '48;2;9;8;7', '4:3', '58:5:3', '3;5;8'],
      )
      .map((code) => `\x1b[${code}m`),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        ...[
          '?1h',
          '?1l',
          '?6h',
          '?6l',
          '?7h',
          '?7l',
          '?25l',
          '?25h',
          '4h',
          '4l',
          '20h',
          '20l',
          '?1049h',
          '?1049l',
        ],
        ...['?47h', '?47l', '?1047h', '?1047l', '?2004h', '?1000h', '?1006h', '?1048h', '?1048l', '!p'],
      )
      .map((mode) => `\x1b[${mode}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\x1b7', '\x1b8', '\x1bH', '\x1b[g', '\x1b[3g', '\x1b[s', '\x1b[u'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\x1b(0', '\x1b(B', '\x1b)0', '\x1b(A', '\x0e', '\x0f', '\x1bc', '\x1b#8'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\x1b]0;title\x07', '\x1bP1$r\x1b\\', '\x1b[6n', '\x1b[4 q', '\x1b[1"q'),
  },
);
const output = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join('')));

describe('who comes later has the screen of who was there from the start', () => {
  test('whatever was drawn before, and comes after', async () => {
    await fc.assert(
      fc.asyncProperty(output, output, fc.nat({ max: 3 }), async (before, after, cut) => {
        // Reads end anywhere.
        const [early, late] = await bothScreens(
          before.subarray(0, Math.max(0, before.length - cut)),
          Buffer.concat([before.subarray(Math.max(0, before.length - cut)), after]),
        );
        expect(late).toEqual(early);
      }),
      { numRuns: 300 },
    );
  });
});
