import type { ScreenPicture, ScreenRun } from '../../rpc/umlmonctrl.gen.ts';
import { printable } from '../../system/text.ts';
import { cssColour, defaultColours, rgbOf, screenStyles } from './screen-colours.ts';

/** Characters of a run: the longest that a monitor sends. */
const runCharacters = 4096;

const usual = {
  foreground: cssColour(defaultColours.foreground),
  background: cssColour(defaultColours.background),
};

/** A colour of screen_run (umlmonctrl.x) for CSS; undefined for the default one. */
function colourText(colour: number): string | undefined {
  const value = rgbOf(colour);
  return value === undefined ? undefined : cssColour(value);
}

/** A page that shows a picture, without scripts and without anything from elsewhere. */
export function screenHtml(picture: ScreenPicture, title: string): string {
  return [
    '<!DOCTYPE html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>`,
    `<style>body{background:${usual.background};color:${usual.foreground}}pre{font-family:monospace;line-height:1.2}</style></head>`,
    `<body><pre>${picture.lines.map((line) => line.runs.map(runHtml).join('')).join('\n')}</pre></body></html>`,
  ].join('\n');
}

function runHtml({ text, foreground, background, style }: ScreenRun): string {
  const has = (bit: number) => (style & bit) !== 0;
  const isInverse = has(screenStyles.inverse);
  const front = isInverse ? (colourText(background) ?? usual.background) : colourText(foreground);
  const back = isInverse ? (colourText(foreground) ?? usual.foreground) : colourText(background);
  const lines = [
    [screenStyles.underlined, 'underline'],
    [screenStyles.struck, 'line-through'],
    [screenStyles.overlined, 'overline'],
  ] as const;
  const drawn = lines.filter(([bit]) => has(bit)).map(([, name]) => name);
  const css = [
    front && `color:${front}`,
    back && `background:${back}`,
    has(screenStyles.bold) && 'font-weight:bold',
    has(screenStyles.dim) && 'opacity:.6',
    has(screenStyles.italic) && 'font-style:italic',
    has(screenStyles.hidden) && 'visibility:hidden',
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
