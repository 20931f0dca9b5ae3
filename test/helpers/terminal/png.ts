import { spawnSync } from 'node:child_process';

export interface DecodedPng {
  readonly width: number;
  readonly height: number;
  /** Colours of the palette; 0 without one. */
  readonly palette: number;
  /** 0xRRGGBB, row by row. */
  readonly colours: number[];
}

/** What a PNG shows, by a decoder that we did not write: pypng, of Debian's package python3-png. It checks what a PNG promises. */
export function decodePng(file: Uint8Array): DecodedPng {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', decoder], {
    input: file,
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`no PNG: ${stderr}`);
  const [width = 0, height = 0, palette = 0] = [0, 4, 8].map((at) => stdout.readUInt32BE(at));
  const colours = Array.from({ length: width * height }, (_, i) => stdout.readUIntBE(12 + 3 * i, 3));
  return { width, height, palette, colours };
}

const decoder = `
import sys, struct, png
reader = png.Reader(bytes=sys.stdin.buffer.read())
width, height, rows, info = reader.asRGB8()
rows = b''.join(map(bytes, rows))
palette = len(reader.palette()) if reader.plte else 0
sys.stdout.buffer.write(struct.pack('>3I', width, height, palette) + rows)
`;

/** A part of a picture as a drawing: '#' has this colour. */
export function patternOf(
  picture: DecodedPng,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  ink: number,
): string[] {
  return Array.from({ length: box.height }, (_, y) =>
    Array.from({ length: box.width }, (_, x) =>
      picture.colours[(box.y + y) * picture.width + box.x + x] === ink ? '#' : '.',
    ).join(''),
  );
}
