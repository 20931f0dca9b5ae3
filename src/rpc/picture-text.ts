/** Pure. */
import { printable } from '../system/text.ts';
import type { ScreenLine, ScreenPicture, ScreenRun } from './umlmonctrl.gen.ts';

/** Most characters of a line: the widest screen, with combining marks. */
const lineCharacters = 4096;

/** A picture as lines of text that are safe to print, without trailing empty lines. */
export function pictureText({ lines }: Pick<ScreenPicture, 'lines'>): string[] {
  const texts = lines.map(lineText);
  return texts.slice(0, texts.findLastIndex((text) => text !== '') + 1);
}

/** Lines as the guest printed them: wrapped lines are joined. */
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
