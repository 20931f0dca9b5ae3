import { gunzipSync } from 'node:zlib';
import { readRegularFile } from '../../config/file/read-file.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { consoleLimits } from '../../system/limits/limits.ts';
import { type Font, wholeGlyph } from './font.ts';
import { isHexFont, parseHexFont } from './hex-font.ts';
import { isPsf, parsePsf } from './psf-font.ts';

/**
 * What Debian's packages console-setup-linux, psf-unifont and unifont bring. The first has lines and blocks as they are,
 * where the second has one glyph for several of them, and more letters.
 */
const usualFonts = [
  '/usr/share/consolefonts/FullCyrAsia-Terminus16.psf.gz',
  '/usr/share/consolefonts/Uni2-Terminus16.psf.gz',
  '/usr/share/consolefonts/Unifont-APL8x16.psf.gz',
  '/usr/share/unifont/unifont.hex',
];

/**
 * Fonts of the host in which these characters are: `own`, if there is one, before the usual ones, and no more of them than
 * it takes. Errors: FONT_MISSING, FONT_UNUSABLE.
 */
export function readFonts(texts: Iterable<string>, own: string | undefined): [Font, ...Font[]] {
  const fonts: Font[] = [];
  let missing = [...new Set(texts)];
  const take = (font: Font) => {
    fonts.push(font);
    missing = missing.filter((text) => !wholeGlyph(text, [font]));
  };
  if (own !== undefined) take(readFont(own) ?? refuse(own, 'there is no such file'));
  for (const path of usualFonts) {
    if (fonts.length > 0 && missing.length === 0) break;
    const font = readFont(path);
    if (font) take(font);
  }
  const [first, ...others] = fonts;
  if (first) return [first, ...others];
  throw new UmlmonError('FONT_MISSING', {
    place: '/usr/share/consolefonts',
    cause: 'there is no font to draw with',
    hint: 'apt-get install console-setup-linux, or name a font with -font',
  });
}

/** Undefined if there is no such file. */
function readFont(path: string): Font | undefined {
  const { fontBytes } = consoleLimits;
  const file = readRegularFile(path, 'any', fontBytes);
  if (file === undefined) return undefined;
  if (!Buffer.isBuffer(file)) return refuse(path, file.cause);
  const bytes = isGzip(file) ? unpack(path, file) : file;
  const font = parseFont(bytes);
  return 'damage' in font ? refuse(path, font.damage) : font;
}

function parseFont(bytes: Buffer) {
  if (isPsf(bytes)) return parsePsf(bytes);
  return isHexFont(bytes) ? parseHexFont(bytes) : { damage: 'it is no font of a kind that is known' };
}

function isGzip(bytes: Buffer): boolean {
  return bytes.length > 2 && bytes.readUInt16BE(0) === 0x1f8b;
}

function unpack(path: string, file: Buffer): Buffer {
  try {
    return gunzipSync(file, { maxOutputLength: consoleLimits.fontBytes });
  } catch (error) {
    return refuse(path, `it cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function refuse(place: string, cause: string): never {
  const hint = 'a font of the Linux console (PSF), or of Unifont (.hex), as it is or packed by gzip';
  throw new UmlmonError('FONT_UNUSABLE', { place, cause, hint });
}
