import { crc32, deflateSync } from 'node:zlib';
import type { Pixels } from './draw-cells.ts';

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const paletteMax = 256;
/** Kinds of pixels: an index of the palette, or red, green and blue. */
const indexed = 3;
const trueColour = 2;

/** Pixels as a file: PNG (RFC 2083, ISO/IEC 15948), with a palette if there are no more than 256 colours. */
export function encodePng({ width, height, colours }: Pixels): Buffer {
  const indices = indexColours(colours);
  const bytes = indices ? 1 : 3;
  const rows = Buffer.alloc(height * (1 + width * bytes));
  let at = 0;
  for (const [pixel, colour] of colours.entries()) {
    // Each row begins with its filter: 0, none.
    if (pixel % width === 0) at += 1;
    if (indices) rows[at] = indices.get(colour) ?? 0;
    else rows.writeUIntBE(colour, at, 3);
    at += bytes;
  }
  return Buffer.concat([
    signature,
    chunk('IHDR', header(width, height, indices ? indexed : trueColour)),
    ...(indices ? [chunk('PLTE', palette([...indices.keys()]))] : []),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Colours with their places in a palette; undefined if it has no room for all of them. */
function indexColours(colours: Uint32Array): Map<number, number> | undefined {
  const indices = new Map<number, number>();
  for (const colour of colours) {
    if (indices.has(colour)) continue;
    if (indices.size === paletteMax) return undefined;
    indices.set(colour, indices.size);
  }
  return indices;
}

/** 8 bits for each number of a pixel; deflated, filtered by row, not interlaced. */
function header(width: number, height: number, kind: number): Buffer {
  const bytes = Buffer.alloc(13);
  bytes.writeUInt32BE(width, 0);
  bytes.writeUInt32BE(height, 4);
  bytes.set([8, kind, 0, 0, 0], 8);
  return bytes;
}

function palette(colours: readonly number[]): Buffer {
  const bytes = Buffer.alloc(3 * colours.length);
  for (const [i, colour] of colours.entries()) bytes.writeUIntBE(colour, 3 * i, 3);
  return bytes;
}

function chunk(name: string, content: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + content.length);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(name, 4, 'latin1');
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), 8 + content.length);
  return bytes;
}
