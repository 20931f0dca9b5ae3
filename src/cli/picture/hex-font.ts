import type { Font, FontDamage } from './font.ts';

/** All fonts of this kind. */
const height = 16;

/** A line: a code point, and 16 rows of 8, 16, 24 or 32 pixels. */
const form = /^([0-9A-F]{4,6}):((?:[0-9A-F]{32}){1,4})\r?$/i;

export function isHexFont(bytes: Buffer): boolean {
  const [line = ''] = bytes.toString('latin1', 0, 256).split('\n', 1);
  return form.test(line);
}

/** The fonts of GNU Unifont, which have every character (hexfont(5) of the package unifont-bin). */
export function parseHexFont(bytes: Buffer): Font | FontDamage {
  const rows = new Map<string, string>();
  for (const [index, line] of bytes.toString('latin1').trimEnd().split('\n').entries()) {
    const [, code = '', digits] = form.exec(line) ?? [];
    const point = Number.parseInt(code, 16);
    if (digits === undefined || point > 0x10ffff) return { damage: `line ${index + 1} is not a glyph` };
    rows.set(String.fromCodePoint(point), digits);
  }
  return {
    width: 8,
    height,
    glyphOf(text) {
      const digits = rows.get(text);
      if (digits === undefined) return undefined;
      return { width: digits.length / 4, height, bits: Buffer.from(digits, 'hex') };
    },
  };
}
