import { consoleLimits } from '../../system/limits/limits.ts';

/** Rows of bits, each in whole bytes; the highest bit of the first one is the pixel on the left. */
export interface Glyph {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  readonly bits: Uint8Array;
}

/** Width and height are those of a character of one column, in pixels. */
export interface Font {
  readonly width: number;
  readonly height: number;
  /** Of a character, or of one with marks. */
  glyphOf(text: string): Glyph | undefined;
}

/** Why bytes are not a font. */
export interface FontDamage {
  readonly damage: string;
}

/** Bytes of a row of pixels. */
export function rowBytes(width: number): number {
  return Math.ceil(width / 8);
}

export function sizeDamage(width: number, height: number): FontDamage | undefined {
  const { glyphColumns, glyphRows } = consoleLimits;
  if (width >= 1 && width <= glyphColumns && height >= 1 && height <= glyphRows) return undefined;
  return { damage: `characters of ${width} x ${height} pixels; ${glyphColumns} x ${glyphRows} are the most` };
}

/**
 * The glyphs that show a character with its marks: one, if a font has it as a whole; otherwise that of the character
 * and those of its marks, to be drawn over each other. The first font that has a glyph gives it. None if no font has the
 * character.
 */
export function glyphsFor(text: string, fonts: readonly Font[]): readonly Glyph[] {
  const whole = wholeGlyph(text, fonts);
  if (whole) return [whole];
  const [base, ...marks] = [...text.normalize('NFD')].map((character) => find(character, fonts));
  return base ? [base, ...marks.filter((mark) => mark !== undefined)] : [];
}

/** The glyph that shows a character together with its marks. */
export function wholeGlyph(text: string, fonts: readonly Font[]): Glyph | undefined {
  return find(text, fonts) ?? find(text.normalize('NFC'), fonts);
}

function find(text: string, fonts: readonly Font[]): Glyph | undefined {
  for (const font of fonts) {
    const glyph = font.glyphOf(text);
    if (glyph) return glyph;
  }
  return undefined;
}
