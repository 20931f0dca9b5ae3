import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Size } from '../../../src/console/pty.ts';
import { Emulator } from '../../../src/console/screen/emulator.ts';
import { programs, recordProgram } from '../../helpers/programs/programs.ts';
import { cellsOf } from '../../helpers/terminal/cells.ts';
import { corpus } from '../../helpers/terminal/vttest.ts';

const small = { columns: 12, rows: 5 };
const usual = { columns: 80, rows: 24 };
const much = 10_000_000;

/** The screen of a viewer from the start, and of a viewer that attached after `before`. */
async function bothScreens(
  size: Size,
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

describe('a viewer that attaches later has the same screen as a viewer from the start', () => {
  test('for any output before and after', async () => {
    await fc.assert(
      fc.asyncProperty(output, output, fc.nat({ max: 3 }), async (before, after, cut) => {
        // Reads end anywhere.
        const [early, late] = await bothScreens(
          small,
          before.subarray(0, Math.max(0, before.length - cut)),
          Buffer.concat([before.subarray(Math.max(0, before.length - cut)), after]),
        );
        expect(late).toEqual(early);
      }),
      { numRuns: 200 },
    );
  });

  test.each(Object.entries(corpus))('the sequences of vttest: %s', async (_name, text) => {
    const bytes = Buffer.from(text);
    // At the end, and at places within.
    for (const part of [1, 0.9, 0.77, 0.5, 0.31]) {
      const at = Math.floor(bytes.length * part);
      const [early, late] = await bothScreens(usual, bytes.subarray(0, at), bytes.subarray(at));
      expect(late).toEqual(early);
    }
  });

  test.each(programs)('$name, as its pty gave it', async ({ argv, keys }) => {
    const [all, places] = await recordProgram(argv, keys);
    expect(places.length).toBe(keys.length);
    for (const at of [...places, all.length >> 1, all.length]) {
      const [early, late] = await bothScreens(usual, all.subarray(0, at), all.subarray(at));
      expect(late).toEqual(early);
    }
  });

  test('with its scroll-back', async () => {
    const text = Array.from(
      { length: 100 },
      (_, i) => `\x1b[3${i % 8}mline ${i} ${'x'.repeat(i)}\x1b[m`,
    ).join('\r\n');
    const [early, late] = await bothScreens(usual, Buffer.from(text), Buffer.from('\r\nafter'), 50);
    expect(early.length).toBe(50 + 24 + 2);
    expect(late).toEqual(early);
  });
});

describe('what a guest may do to an emulator', () => {
  test.each([
    ['repeats', '\x1b[2147483647bx\x1b[99999999b'],
    ['numbers', '\x1b[99999999;99999999H\x1b[99999999L'],
    ['marks', `e${'\u0301'.repeat(200_000)}`],
    ['titles', `\x1b]0;${'t'.repeat(2_000_000)}\x07`],
    ['links', Array.from({ length: 20_000 }, (_, i) => `\x1b]8;;http://${i}\x07l`).join('')],
    ['strings without end', `\x1bP${'x'.repeat(2_000_000)}`],
  ])('%s take no memory', async (_name, text) => {
    const emulator = new Emulator(usual);
    await emulator.write(Buffer.from(`a${text}`));
    expect(emulator.replay(1000, much).data.length).toBeLessThan(200_000);
    emulator.close();
  });

  test('a window without measure is a window of measure', async () => {
    const emulator = new Emulator({ columns: 1000, rows: 1000 });
    await emulator.write(Buffer.from('x'));
    expect(emulator.replay(0, much)).toMatchObject({ columns: 320, rows: 100 });
    emulator.resize({ columns: 1, rows: 1 });
    expect(emulator.picture(0, much)).toMatchObject({ columns: 2, rows: 1 });
    emulator.close();
  });

  test('the characters of a run are equally wide, and one with marks is alone', async () => {
    const emulator = new Emulator(usual);
    await emulator.write(Buffer.from('ab漢字cde\u0301か\u3099f'));
    expect(emulator.picture(0, much).lines[0]?.runs.map(({ text, cells }) => [text, cells])).toEqual([
      ...[
        ['ab', 2],
        ['漢字', 4],
        ['cd', 2],
        ['e\u0301', 1],
        ['か\u3099', 2],
        ['f', 1],
      ],
    ]);
    emulator.close();
  });

  test('a screen of colours that no answer can carry comes without them', async () => {
    const emulator = new Emulator(usual);
    const cells = Array.from({ length: 24 * 80 }, (_, i) => `\x1b[38;2;${i % 256};1;2mx`);
    await emulator.write(Buffer.from(cells.join('')));
    const whole = emulator.replay(0, much).data.length;
    const { data } = emulator.replay(0, Math.floor(whole / 2));
    expect(data.length).toBeLessThan(whole / 2);
    const late = new Emulator(usual);
    await late.write(data);
    expect(late.picture(0, much).lines[3]?.runs).toMatchObject([{ text: 'x'.repeat(80), foreground: 0 }]);
    expect(emulator.picture(0, 10_000)).toMatchObject({ omitted: expect.any(Number), history: 0 });
    emulator.close();
    late.close();
  });
});
