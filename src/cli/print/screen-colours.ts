/** Bits of screen_run.style (umlmonctrl.x). */
export const screenStyles = {
  bold: 1,
  dim: 2,
  italic: 4,
  underlined: 8,
  inverse: 32,
  hidden: 64,
  struck: 128,
  overlined: 256,
} as const;

/** The colours of text without a colour of its own: 0xRRGGBB. */
export const defaultColours = { foreground: 0xe5e5e5, background: 0x000000 } as const;

/** The colours of xterm. */
const basic =
  '000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff';
const palette = basic.split(' ').map((hex) => Number.parseInt(hex, 16));

/** A colour of screen_run (umlmonctrl.x) as 0xRRGGBB; undefined for the default one. */
export function rgbOf(colour: number): number | undefined {
  if (colour === 0) return undefined;
  if (colour >= 2 ** 25) return colour & 0xffffff;
  const index = colour & 0xff;
  const grey = 8 + 10 * (index - 232);
  if (index >= 232) return mixed(grey, grey, grey);
  const cube = index - 16;
  const level = (n: number) => (n === 0 ? 0 : 55 + 40 * n);
  return (
    palette[index] ?? mixed(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6))
  );
}

function mixed(red: number, green: number, blue: number): number {
  return red * 2 ** 16 + green * 2 ** 8 + blue;
}

/** For CSS: #rrggbb. */
export function cssColour(colour: number): string {
  return `#${colour.toString(16).padStart(6, '0')}`;
}
