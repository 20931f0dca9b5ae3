import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { screenSize, takeCells } from '../../../src/cli/picture/cells.ts';
import { drawCells } from '../../../src/cli/picture/draw-cells.ts';
import { encodePng } from '../../../src/cli/picture/png.ts';
import { readFonts } from '../../../src/cli/picture/read-fonts.ts';
import { Emulator } from '../../../src/console/screen/emulator.ts';
import type { ScreenPicture } from '../../../src/rpc/umlmonctrl.gen.ts';
import { type DecodedPng, decodePng, patternOf } from '../../helpers/terminal/png.ts';
import { unifontPath, unifontPattern } from '../../helpers/terminal/unifont.ts';

test('a decoder finds in a PNG the pixels that were encoded, with a palette and without', () => {
  const few = fc.sample(fc.uint32Array({ minLength: 48, maxLength: 48, max: 0xffffff }), 3);
  const many = Uint32Array.from({ length: 20 * 30 }, (_, i) => (i * 7919) & 0xffffff);
  const most = Uint32Array.from({ length: 16 * 17 }, (_, i) => (i % 256) * 65793);
  const pictures = [
    ...few.map((colours) => ({ width: 8, height: 6, colours })),
    { width: 20, height: 30, colours: many },
    { width: 16, height: 17, colours: most },
    { width: 1, height: 1, colours: Uint32Array.of(0xffffff) },
  ];
  for (const { width, height, colours } of pictures) {
    const count = new Set(colours).size;
    const palette = count <= 256 ? count : 0;
    expect(decodePng(encodePng({ width, height, colours }))).toEqual({
      width,
      height,
      palette,
      colours: [...colours],
    });
  }
});

const foreground = 0xe5e5e5;
const columns = 12;

/** What a console of 12 columns shows after this output: as a PNG, in Unifont, decoded. */
async function show(output: string, change: Partial<ScreenPicture> = {}): Promise<DecodedPng> {
  const emulator = new Emulator({ columns, rows: 2 });
  await emulator.write(Buffer.from(output));
  const taken = emulator.picture(0, 1_000_000);
  emulator.close();
  const lines = taken.lines.map(({ wrapped, runs }) => ({ wrapped, runs: [...runs] }));
  return draw({ offset: 0, ...taken, lines, ...change });
}

function draw(picture: ScreenPicture): DecodedPng {
  const cells = takeCells(picture);
  const texts = cells.map(({ text }) => text).filter((text) => text !== '');
  return decodePng(encodePng(drawCells(cells, screenSize(picture), readFonts(texts, unifontPath))));
}

/** A cell in the first line: '#' where it has this colour. */
const cell = (picture: DecodedPng, column: number, ink = foreground, width = 8) =>
  patternOf(picture, { x: 8 * column, y: 0, width, height: 16 }, ink);

const blank = Array.from({ length: 16 }, () => '.'.repeat(8));
const inverse = (rows: readonly string[]) =>
  rows.map((row) => row.replace(/[.#]/g, (pixel) => (pixel === '.' ? '#' : '.')));
const over = (...patterns: readonly (readonly string[])[]) =>
  (patterns[0] ?? []).map((row, y) =>
    [...row].map((_, x) => (patterns.some((pattern) => pattern[y]?.[x] === '#') ? '#' : '.')).join(''),
  );

const halved = (rows: readonly string[]) =>
  rows.map((row) => row.replace(/(.)(.)/g, (pair) => (pair.includes('#') ? '#' : '.')));

describe('a screen, drawn', () => {
  test('characters where they are, and the cursor', async () => {
    const picture = await show('A b');
    expect(picture).toMatchObject({ width: 96, height: 32 });
    const shown = Array.from({ length: columns }, (_, column) => cell(picture, column));
    const rest = Array.from({ length: columns - 4 }, () => blank);
    expect(shown).toEqual([unifontPattern('A'), blank, unifontPattern('b'), inverse(blank), ...rest]);
    expect(picture.palette).toBe(2);
    // On a character, and hidden.
    expect(cell(await show('A\b'), 0)).toEqual(inverse(unifontPattern('A')));
    expect(cell(await show('A\b\x1b[?25l'), 0)).toEqual(unifontPattern('A'));
  });

  test('wide characters, marks, and what comes after them', async () => {
    const picture = await show('x漢y\u0301か\u3099字zé');
    expect(cell(picture, 0)).toEqual(unifontPattern('x'));
    expect(cell(picture, 1, foreground, 16)).toEqual(unifontPattern('漢'));
    expect(cell(picture, 3)).toEqual(unifontPattern('ý'));
    expect(cell(picture, 4, foreground, 16)).toEqual(unifontPattern('が'));
    expect(cell(picture, 6, foreground, 16)).toEqual(unifontPattern('字'));
    expect(cell(picture, 8)).toEqual(unifontPattern('z'));
    expect(cell(picture, 9)).toEqual(unifontPattern('é'));
    // Marks with cells of their own, and letters without.
    const others = await show('काx a\u00adb \u1100\u1161z');
    expect(cell(others, 1)).toEqual(halved(unifontPattern('\u093e')));
    expect(cell(others, 2)).toEqual(unifontPattern('x'));
    expect(cell(others, 4)).toEqual(unifontPattern('a'));
    expect(cell(others, 5)).toEqual(blank);
    expect(cell(others, 6)).toEqual(unifontPattern('b'));
    expect(cell(others, 8, foreground, 16)).toEqual(unifontPattern('가'));
    expect(cell(others, 10)).toEqual(unifontPattern('z'));
    // There is no such letter as a whole.
    expect(cell(await show('q\u0301'), 0)).toEqual(over(unifontPattern('q'), unifontPattern('\u0301')));
    // The cursor is as wide as what is under it.
    expect(cell(await show('漢\b'), 0, foreground, 16)).toEqual(inverse(unifontPattern('漢')));
  });

  test('colours', async () => {
    const picture = await show(
      '\x1b[31mA\x1b[38;5;208mB\x1b[38;2;1;2;3;48;5;235mC\x1b[0;7mD\x1b[31;44mE\x1b[0;2mF\x1b[0;8mG',
    );
    const colourAt = (column: number, ink: boolean) => {
      const letter = unifontPattern('ABCDEFG'[column] ?? '').join('');
      const at = letter.indexOf(ink ? '#' : '.');
      return picture.colours[Math.floor(at / 8) * picture.width + 8 * column + (at % 8)]
        ?.toString(16)
        .padStart(6, '0');
    };
    expect([0, 1, 2, 3, 4, 5, 6].map((column) => [colourAt(column, true), colourAt(column, false)])).toEqual([
      ...[
        ['cd0000', '000000'],
        ['ff8700', '000000'],
        ['010203', '262626'],
        ['000000', 'e5e5e5'],
      ],
      ...[
        ['0000ee', 'cd0000'],
        ['898989', '000000'],
        ['000000', '000000'],
      ],
    ]);
  });

  test('bold, slanted, and lines', async () => {
    const plain = unifontPattern('H');
    const right = plain.map((row) => `.${row.slice(0, -1)}`);
    expect(cell(await show('\x1b[1mH'), 0)).toEqual(over(plain, right));
    const left = plain.map((row) => `${row.slice(1)}.`);
    const slanted = plain.map((_, y) => (y < 4 ? right : y < 13 ? plain : left)[y]);
    expect(cell(await show('\x1b[3mH'), 0)).toEqual(slanted);
    const line = (at: number) => blank.map((row, y) => (y === at ? '#'.repeat(8) : row));
    expect(cell(await show('\x1b[4mH'), 0)).toEqual(over(plain, line(14)));
    expect(cell(await show('\x1b[9mH'), 0)).toEqual(over(plain, line(8)));
    expect(cell(await show('\x1b[53mH'), 0)).toEqual(over(plain, line(0)));
    expect(cell(await show('\x1b[4;8mH'), 0)).toEqual(blank);
  });

  test('a character that no font has is an empty box, as wide as it is', async () => {
    const box = (width: number) =>
      Array.from({ length: 16 }, (_, y) => {
        if (y < 2 || y > 13) return '.'.repeat(width);
        return `.#${(y === 2 || y === 13 ? '#' : '.').repeat(width - 4)}#.`;
      });
    expect(cell(await show('\u{10ffff}'), 0)).toEqual(box(8));
    const picture = await show('x\u{2fffd}y');
    expect(cell(picture, 1, foreground, 16)).toEqual(box(16));
    expect(cell(picture, 3)).toEqual(unifontPattern('y'));
  });

  test('one with 16 columns of pixels in a narrow cell is made narrower', async () => {
    // The emulator has it in one cell.
    const wide = unifontPattern('☃');
    expect(wide[0]?.length).toBe(16);
    expect(cell(await show('☃'), 0)).toEqual(halved(wide));
  });

  test('lines that no answer can carry are missing at the top', async () => {
    const run = { text: 'B', cells: 1, foreground: 0, background: 0, style: 0 };
    const picture = await show('', { lines: [{ wrapped: false, runs: [run] }], cursorVisible: false });
    const second = patternOf(picture, { x: 0, y: 16, width: 8, height: 16 }, foreground);
    expect([cell(picture, 0), second]).toEqual([blank, unifontPattern('B')]);
  });

  test('what a monitor says is not believed', async () => {
    const run = {
      text: 'x'.repeat(4000),
      cells: 2 ** 32 - 1,
      foreground: 2 ** 32 - 1,
      background: 2 ** 24 + 4711,
      style: 2 ** 32 - 1,
    };
    const lines = Array.from({ length: 3 }, () => ({
      wrapped: false,
      runs: [run, { ...run, text: '', cells: 0 }, run],
    }));
    const lies = { columns: 2 ** 32 - 1, rows: 2 ** 32 - 1, cursorColumn: 2 ** 32 - 1, cursorRow: 7, lines };
    expect(await show('', lies)).toMatchObject({ width: 8 * 320, height: 16 * 100 });
    expect(await show('', { columns: 0, rows: 0, lines: [] })).toMatchObject({ width: 8, height: 16 });
  });
});
