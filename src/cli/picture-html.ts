import type { ScreenPicture, ScreenRun } from '../rpc/umlmonctrl.gen.ts';
import { printable } from '../system/text.ts';

/** Characters of a run: the longest that a monitor sends. */
const runCharacters = 4096;

/** The colours of xterm. */
const basic =
  '000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff';
const palette = basic.split(' ');

/** A colour of screen_run (umlmonctrl.x) for CSS; '' for the default one. */
function colourText(colour: number): string {
  if (colour === 0) return '';
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  const value = colour & 0xffffff;
  if (colour >= 2 ** 25) return `#${value.toString(16).padStart(6, '0')}`;
  if (value < 16) return `#${palette[value]}`;
  const level = (n: number) => (n === 0 ? 0 : 55 + 40 * n);
  const cube = value - 16;
  if (value >= 232) return `#${hex(8 + 10 * (value - 232)).repeat(3)}`;
  return `#${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((n) => hex(level(n))).join('')}`;
}

/** A page that shows a picture, without scripts and without anything from elsewhere. */
export function pictureHtml(picture: ScreenPicture, title: string): string {
  return [
    '<!DOCTYPE html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>`,
    '<style>body{background:#000;color:#e5e5e5}pre{font-family:monospace;line-height:1.2}</style></head>',
    `<body><pre>${picture.lines.map((line) => line.runs.map(runHtml).join('')).join('\n')}</pre></body></html>`,
  ].join('\n');
}

function runHtml({ text, foreground, background, style }: ScreenRun): string {
  const has = (bit: number) => (style & bit) !== 0;
  const isInverse = has(32);
  const front = colourText(isInverse ? background : foreground) || (isInverse ? '#000000' : '');
  const back = colourText(isInverse ? foreground : background) || (isInverse ? '#e5e5e5' : '');
  const lines = [
    [8, 'underline'],
    [128, 'line-through'],
    [256, 'overline'],
  ] as const;
  const drawn = lines.filter(([bit]) => has(bit)).map(([, name]) => name);
  const css = [
    front && `color:${front}`,
    back && `background:${back}`,
    has(1) && 'font-weight:bold',
    has(2) && 'opacity:.6',
    has(4) && 'font-style:italic',
    has(64) && 'visibility:hidden',
    drawn.length > 0 && `text-decoration:${drawn.join(' ')}`,
  ].filter(Boolean);
  const shown = escaped(printable(text, runCharacters));
  return css.length === 0 ? shown : `<span style="${css.join(';')}">${shown}</span>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
