/** Pure. */
import { printable } from '../system/text.ts';
import type { ScreenLine, ScreenPicture, ScreenRun } from './umlmonctrl.gen.ts';

/** Characters of a line: those of the widest screen with their marks. */
const lineCharacters = 4096;

/** A picture as lines of text that are safe to show, without empty ones at the end. */
export function pictureText({ lines }: Pick<ScreenPicture, 'lines'>): string[] {
  const texts = lines.map(lineText);
  return texts.slice(0, texts.findLastIndex((text) => text !== '') + 1);
}

/** Lines as they were printed: what the window has wrapped is one line again. */
export function unwrappedText({ lines }: Pick<ScreenPicture, 'lines'>): string[] {
  const whole: ScreenRun[][] = [];
  for (const { wrapped, runs } of lines) {
    const last = whole.at(-1);
    if (wrapped && last) last.push(...runs);
    else whole.push([...runs]);
  }
  return pictureText({ lines: whole.map((runs) => ({ wrapped: false, runs })) });
}

export function lineText({ runs }: ScreenLine): string {
  const text = runs.map((run) => printable(run.text, lineCharacters)).join('');
  return text.replace(/ +$/, '');
}
