import type { PictureCell, ScreenSize } from './cells.ts';
import { type Font, type Glyph, glyphsFor, rowBytes } from './font.ts';
import { usualColours } from './look.ts';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 0xRRGGBB, row by row. */
  readonly colours: Uint32Array;
}

/** A screen as pixels: cells have the size of the first font. */
export function drawCells(
  cells: readonly PictureCell[],
  { columns, rows }: ScreenSize,
  fonts: readonly [Font, ...Font[]],
): Pixels {
  const [cell] = fonts;
  const width = columns * cell.width;
  const height = rows * cell.height;
  const colours = new Uint32Array(width * height).fill(usualColours.background);
  for (const { row, column, columns: across, ...drawn } of cells) {
    const box = { width: across * cell.width, height: cell.height };
    const isInk = inkOf(drawn, box, fonts);
    for (let y = 0; y < box.height; y++) {
      const first = (row * cell.height + y) * width + column * cell.width;
      for (let x = 0; x < box.width; x++) colours[first + x] = isInk(x, y) ? drawn.front : drawn.back;
    }
  }
  return { width, height, colours };
}

/** Where pixels have the colour of the character; x and y count from the upper left corner of its box. */
type Ink = (x: number, y: number) => boolean;

interface Box {
  readonly width: number;
  readonly height: number;
}

function inkOf(cell: Omit<PictureCell, 'row' | 'column' | 'columns'>, box: Box, fonts: readonly Font[]): Ink {
  const { text, bold, italic, underlined, struck, overlined } = cell;
  const plain = text === '' ? nothing : glyphInk(glyphsFor(text, fonts), box);
  const slanted: Ink = italic ? (x, y) => plain(x - slant(y, box), y) : plain;
  // As a printer does: twice, a pixel apart.
  const strong: Ink = bold ? (x, y) => slanted(x, y) || slanted(x - 1, y) : slanted;
  const thick = Math.max(1, Math.floor(box.height / 16));
  const tops = [
    ...(overlined ? [0] : []),
    ...(struck ? [Math.floor(box.height / 2)] : []),
    ...(underlined ? [box.height - 2 * thick] : []),
  ];
  return (x, y) => tops.some((top) => y >= top && y < top + thick) || strong(x, y);
}

const nothing: Ink = () => false;

/** Pixels that a row of an italic character stands further on the right. */
function slant(y: number, { height }: Box): number {
  return Math.trunc((height / 2 - y) / 5);
}

function glyphInk(glyphs: readonly Glyph[], box: Box): Ink {
  if (glyphs.length === 0) return hollow(box);
  const inks = glyphs.map((glyph) => scaledInk(glyph, box));
  return (x, y) => inks.some((isInk) => isInk(x, y));
}

/** For a character that no font has. */
function hollow({ width, height }: Box): Ink {
  const [left, right] = [1, width - 2];
  const margin = Math.ceil(height / 8);
  const [top, bottom] = [margin, height - 1 - margin];
  return (x, y) =>
    x >= left &&
    x <= right &&
    y >= top &&
    y <= bottom &&
    (x === left || x === right || y === top || y === bottom);
}

/** A glyph in the middle of a box: as often enlarged as fits, or made narrower or lower so that it does. */
function scaledInk(glyph: Glyph, box: Box): Ink {
  const enlarged = Math.max(
    1,
    Math.min(Math.floor(box.width / glyph.width), Math.floor(box.height / glyph.height)),
  );
  const across = Math.ceil(glyph.width / box.width);
  const down = Math.ceil(glyph.height / box.height);
  const margin = (space: number, pixels: number, reduced: number) =>
    Math.floor((space - Math.ceil(pixels / reduced) * enlarged) / 2);
  const left = margin(box.width, glyph.width, across);
  const top = margin(box.height, glyph.height, down);
  return (x, y) => {
    const column = Math.floor((x - left) / enlarged) * across;
    const row = Math.floor((y - top) / enlarged) * down;
    for (let j = 0; j < down; j++)
      for (let i = 0; i < across; i++) if (isSet(glyph, column + i, row + j)) return true;
    return false;
  };
}

function isSet({ width, height, bits }: Glyph, x: number, y: number): boolean {
  if (x < 0 || x >= width || y < 0 || y >= height) return false;
  const byte = bits[y * rowBytes(width) + (x >> 3)] ?? 0;
  return (byte & (0x80 >> (x & 7))) !== 0;
}
