import { readFileSync } from 'node:fs';

/** GNU Unifont as text, a line for each character; of Debian's package unifont. */
export const unifontPath = '/usr/share/unifont/unifont.hex';

/** How Unifont draws a character: 16 rows of '#' and '.'. */
export function unifontPattern(character: string): string[] {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const digits = new RegExp(`^${code}:(.*)$`, 'm').exec(readFileSync(unifontPath, 'latin1'))?.[1];
  if (digits === undefined) throw new Error(`Unifont has no ${character}`);
  return hexPattern(digits, 16);
}

/** Rows of pixels, written as hexadecimal digits in a row. */
export function hexPattern(digits: string, rows: number, width = (4 * digits.length) / rows): string[] {
  const perRow = digits.length / rows;
  return Array.from({ length: rows }, (_, y) =>
    [...digits.slice(y * perRow, (y + 1) * perRow)]
      .map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0'))
      .join('')
      .slice(0, width)
      .replaceAll('0', '.')
      .replaceAll('1', '#'),
  );
}
