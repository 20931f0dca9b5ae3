import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Font, FontDamage, Glyph } from '../../../src/cli/picture/font.ts';
import { parseHexFont } from '../../../src/cli/picture/hex-font.ts';
import { isPsf, parsePsf } from '../../../src/cli/picture/psf-font.ts';
import { readFonts } from '../../../src/cli/picture/read-fonts.ts';
import { consoleLimits } from '../../../src/system/limits/limits.ts';
import { hexPattern, unifontPath, unifontPattern } from '../../helpers/terminal/unifont.ts';

const home = mkdtempSync(join(tmpdir(), 'umlmon-font-'));
afterAll(() => rmSync(home, { recursive: true }));

const consoleFonts = '/usr/share/consolefonts';
const unpacked = (name: string) => gunzipSync(readFileSync(join(consoleFonts, `${name}.psf.gz`)));

function sound(font: Font | FontDamage): Font {
  if ('damage' in font) throw new Error(font.damage);
  return font;
}

function pattern(glyph: Glyph | undefined): string[] {
  if (!glyph) throw new Error('no glyph');
  return hexPattern(Buffer.from(glyph.bits).toString('hex'), glyph.height, glyph.width);
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return stdout;
}

describe('fonts of the Linux console', () => {
  const some = [
    'Uni2-Terminus16',
    'Uni1-VGA8',
    'Uni3-Terminus32x16',
    'Uni2-Terminus12x6',
    'Uni2-Terminus20x10',
  ];
  test.each(some)('%s shows the characters that psfgettable(1) of kbd finds in it', (name) => {
    const file = join(home, `${name}.psf`);
    writeFileSync(file, unpacked(name));
    const lines = run('psfgettable', [file]).matchAll(/^0x(\w+)\t(.*)$/gm);
    const expected = [...lines].flatMap(([, glyph = '', characters = '']) =>
      [...characters.matchAll(/U\+(\w+)/g)].map(([, code = '']) => [
        characterOf(code),
        Number.parseInt(glyph, 16),
      ]),
    );
    expect(expected.length).toBeGreaterThan(700);
    const font = sound(parsePsf(unpacked(name)));
    const { byteOffset: first = 0, length: size = 0 } = font.glyphOf('A')?.bits ?? {};
    const all = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
    const found = all.flatMap((character) => {
      const bits = font.glyphOf(character)?.bits;
      return bits ? [[character, 'A'.charCodeAt(0) + (bits.byteOffset - first) / size]] : [];
    });
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });

  test('version 1: Unifont as a console font looks as Unifont', () => {
    const font = sound(parsePsf(unpacked('Unifont-APL8x16')));
    expect([font.width, font.height]).toEqual([8, 16]);
    for (const character of 'AQagz09{~Éß│┼╬▚⍋')
      expect(pattern(font.glyphOf(character))).toEqual(unifontPattern(character));
  });

  test('version 2, 12 pixels wide: what bdf2psf(1) has made of a BDF', () => {
    const digits = { A: fc.sample(row, 20), B: fc.sample(row, 20) };
    const files = ['font.bdf', 'none.equivalents', 'ab.set', 'font.psf'].map((name) => join(home, name));
    const [bdf = '', equivalents = '', set = '', psf = ''] = files;
    writeFileSync(bdf, bdfOf(digits));
    writeFileSync(equivalents, '');
    writeFileSync(set, 'U+0041\nU+0042\n');
    run('bdf2psf', ['--fb', bdf, equivalents, set, '256', psf]);
    const font = sound(parsePsf(readFileSync(psf)));
    expect([font.width, font.height]).toEqual([12, 20]);
    for (const [character, rows] of Object.entries(digits))
      expect(pattern(font.glyphOf(character))).toEqual(hexPattern(rows.join(''), 20, 12));
    expect(font.glyphOf('C')).toBeUndefined();
  });

  test('a sequence of characters has a glyph of its own', () => {
    const header = Buffer.alloc(32);
    for (const [i, value] of [0x864ab572, 0, 32, 1, 2, 1, 1, 8].entries()) header.writeUInt32LE(value, 4 * i);
    const table = [...Buffer.from('eé'), 0xfe, ...Buffer.from('e\u0301'), 0xff, ...Buffer.from('x'), 0xff];
    const font = sound(parsePsf(Buffer.from([...header, 0x11, 0x22, ...table])));
    expect(['e', 'é', 'e\u0301', 'x', '\u0301'].map((text) => font.glyphOf(text)?.bits[0])).toEqual([
      ...[0x11, 0x11, 0x11, 0x22],
      undefined,
    ]);
  });

  test('bytes of any kind are a font, or are said not to be one', () => {
    const fonts = ['Lat15-VGA8', 'Uni2-Terminus12x6', 'Uni2-Terminus22x11'].map(unpacked);
    const changes = fc.array(fc.tuple(fc.nat(64), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...fonts), changes, fc.nat(70_000), (bytes, changed, length) => {
        const copy = Buffer.from(bytes.subarray(0, length));
        for (const [at, value] of changed) if (at >= 4 && at < copy.length) copy[at] = value;
        if (!isPsf(copy)) return;
        const font = parsePsf(copy);
        if ('damage' in font) expect(font.damage).not.toBe('');
        else {
          const glyph = font.glyphOf('A');
          if (glyph) expect(glyph.bits.length).toBe(glyph.height * Math.ceil(glyph.width / 8));
        }
      }),
    );
  });
});

const characterOf = (code: string) => String.fromCodePoint(Number.parseInt(code, 16));

const row = fc.integer({ min: 0, max: 0xfff }).map((bits) => (bits << 4).toString(16).padStart(4, '0'));

function bdfOf(glyphs: Readonly<Record<string, readonly string[]>>): string {
  const box = 'BBX 12 20 0 -4';
  const chars = Object.entries(glyphs).map(([character, rows]) =>
    [
      `STARTCHAR ${character}\nENCODING ${character.charCodeAt(0)}\nSWIDTH 600 0\nDWIDTH 12 0\n${box}\nBITMAP`,
      ...rows,
      'ENDCHAR',
    ].join('\n'),
  );
  return [
    'STARTFONT 2.1\nFONT -x-x-medium-r-normal--20-200-72-72-c-120-iso10646-1\nSIZE 20 72 72',
    `FONTBOUNDINGBOX ${box.slice(4)}\nSTARTPROPERTIES 4\nPIXEL_SIZE 20\nAVERAGE_WIDTH 120`,
    `FONT_ASCENT 16\nFONT_DESCENT 4\nENDPROPERTIES\nCHARS ${chars.length}`,
    ...chars,
    'ENDFONT\n',
  ].join('\n');
}

test('Unifont has wide characters', () => {
  const font = sound(parseHexFont(readFileSync(unifontPath)));
  expect(font.glyphOf('漢')).toMatchObject({ width: 16, height: 16 });
  for (const character of 'A漢é') expect(pattern(font.glyphOf(character))).toEqual(unifontPattern(character));
  expect(parseHexFont(Buffer.from(`0041:${'0'.repeat(32)}\n0042:00\n`))).toEqual({
    damage: 'line 2 is not a glyph',
  });
});

describe('files with fonts', () => {
  const put = (name: string, content: Uint8Array) => {
    const path = join(home, name);
    writeFileSync(path, content);
    return path;
  };
  const why = (path: string) => {
    try {
      readFonts(['A'], path);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  test('the first one gives the size, and others what it lacks', () => {
    const own = put('own.psf', unpacked('Lat15-Terminus32x16'));
    const [first, ...others] = readFonts(['A', 'ß'], own);
    expect([first.width, first.height, others]).toEqual([16, 32, []]);
    const fonts = readFonts(['A', '漢'], put('own.psf.gz', gzipSync(unpacked('Lat15-Terminus32x16'))));
    expect(fonts[0].width).toBe(16);
    expect(fonts.at(-1)?.glyphOf('漢')).toBeDefined();
  });

  test('what is no font is named', () => {
    const font = unpacked('Uni2-Terminus12x6');
    const giant = Buffer.from(unpacked('Uni2-Terminus22x11'));
    giant.writeUInt32LE(2 ** 31, 24);
    mkdirSync(join(home, 'directory'));
    run('mkfifo', [join(home, 'fifo')]);
    const cases: readonly (readonly [string, RegExp])[] = [
      [join(home, 'missing'), /^there is no such file$/],
      [join(home, 'directory'), /not a regular file/],
      [join(home, 'fifo'), /not a regular file/],
      [put('text', Buffer.from('no font\n')), /no font of a kind that is known/],
      [put('empty', Buffer.alloc(0)), /no font of a kind that is known/],
      [put('short', font.subarray(0, 100)), /ends before the last of its 512 glyphs/],
      [put('header', font.subarray(0, 20)), /ends in its header/],
      [put('giant', giant), /characters of 11 x 2147483648 pixels; 32 x 64 are the most/],
      [put('tableless', font.subarray(0, 32 + 512 * 12)), /table of characters has 0 of 512 glyphs/],
      [put('cut.gz', gzipSync(font).subarray(0, 500)), /cannot be unpacked: unexpected end of file/],
      [put('bomb.gz', gzipSync(Buffer.alloc(consoleLimits.fontBytes + 1))), /cannot be unpacked/],
      [put('long', Buffer.alloc(consoleLimits.fontBytes + 1)), /has 8388609 bytes; at most 8388608 are read/],
    ];
    for (const [path, reason] of cases)
      expect(why(path)).toMatchObject({
        code: 'FONT_UNUSABLE',
        place: path,
        reason: expect.stringMatching(reason),
      });
  });
});
