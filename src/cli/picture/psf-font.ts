import { isUtf8 } from 'node:buffer';
import { type Font, type FontDamage, rowBytes, sizeDamage } from './font.ts';

const magic1 = Buffer.from([0x36, 0x04]);
const magic2 = Buffer.from([0x72, 0xb5, 0x4a, 0x86]);

export function isPsf(bytes: Buffer): boolean {
  return [magic1, magic2].some((magic) => bytes.subarray(0, magic.length).equals(magic));
}

/** Where things are in the file. */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** Of the first glyph. */
  readonly start: number;
  readonly glyphBytes: number;
  /** For each glyph: the characters that it shows; then sequences of characters, each shown as a whole. */
  readonly readTable: ((table: Buffer, count: number) => readonly (readonly string[])[]) | undefined;
}

/**
 * A font of the Linux console: PC Screen Font, version 1 or 2, with its table of characters
 * (psf.h of kbd, https://www.win.tue.nl/~aeb/linux/kbd/font-formats-1.html).
 */
export function parsePsf(bytes: Buffer): Font | FontDamage {
  const layout = bytes.subarray(0, 2).equals(magic1) ? layout1(bytes) : layout2(bytes);
  if ('damage' in layout) return layout;
  const { width, height, count, start, glyphBytes, readTable } = layout;
  const end = start + count * glyphBytes;
  if (end > bytes.length) return { damage: `it ends before the last of its ${count} glyphs` };
  if (!readTable) return { damage: 'it does not say which characters its glyphs show' };
  const table = readTable(bytes.subarray(end), count);
  if (table.length < count)
    return { damage: `its table of characters has ${table.length} of ${count} glyphs, or is not Unicode` };
  const glyphs = new Map<string, number>();
  for (const [glyph, [characters = '', ...sequences]] of table.entries())
    for (const text of [...characters, ...sequences]) glyphs.set(text, glyph);
  return {
    width,
    height,
    glyphOf(text) {
      const glyph = glyphs.get(text);
      if (glyph === undefined) return undefined;
      const first = start + glyph * glyphBytes;
      return { width, height, bits: bytes.subarray(first, first + glyphBytes) };
    },
  };
}

/** 8 pixels wide. */
function layout1(bytes: Buffer): Layout | FontDamage {
  if (bytes.length < 4) return { damage: 'it ends in its header' };
  const mode = bytes.readUInt8(2);
  const height = bytes.readUInt8(3);
  const has512 = (mode & 1) !== 0;
  const hasTable = (mode & 6) !== 0;
  return (
    sizeDamage(8, height) ?? {
      width: 8,
      height,
      count: has512 ? 512 : 256,
      start: 4,
      glyphBytes: height,
      readTable: hasTable ? readTable1 : undefined,
    }
  );
}

function layout2(bytes: Buffer): Layout | FontDamage {
  if (bytes.length < 32) return { damage: 'it ends in its header' };
  const [, version, start, flags, count, glyphBytes, height, width] = Array.from({ length: 8 }, (_, i) =>
    bytes.readUInt32LE(4 * i),
  ) as [number, number, number, number, number, number, number, number];
  if (version !== 0) return { damage: `version 2.${version} of PSF is not known` };
  const damage = sizeDamage(width, height);
  if (damage) return damage;
  if (start < 32 || count < 1 || glyphBytes !== height * rowBytes(width))
    return { damage: 'the numbers in its header do not fit together' };
  return { width, height, count, start, glyphBytes, readTable: (flags & 1) !== 0 ? readTable2 : undefined };
}

/** UTF-16; U+FFFE begins a sequence, U+FFFF ends a glyph. */
function readTable1(table: Buffer, count: number): string[][] {
  const parts = table.toString('utf16le').split('\uffff', count + 1);
  return parts.slice(0, -1).map((part) => part.split('\ufffe'));
}

/** UTF-8; the bytes FE and FF, which it never has, do the same. None if it is not UTF-8. */
function readTable2(table: Buffer, count: number): string[][] {
  const parts = table
    .toString('latin1')
    .split('\xff', count + 1)
    .slice(0, -1);
  const texts = parts.map((part) => part.split('\xfe').map((text) => Buffer.from(text, 'latin1')));
  return texts.flat().every((text) => isUtf8(text)) ? texts.map((glyph) => glyph.map(String)) : [];
}
