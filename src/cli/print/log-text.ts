import { printable } from '../../system/text.ts';

/** Colours and emphasis; `:` separates in the newer form of a colour. */
const colour = '\\x1b\\[[0-9;:]{0,40}m';
const pieces = new RegExp(`${colour}|\\r{1,8}\\n|[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]`, 'gu');
/** What may be incomplete until the next piece. */
const unfinished = /(?:\u001b(?:\[[0-9;:]{0,40})?|\r{1,8})$/;

/**
 * A guest's output on its way to a terminal: colours, tabs and line ends pass, every other control is shown as an escape.
 * So a log cannot type answers into the shell of its reader, set titles, or draw over lines that were shown before.
 */
export class LogText {
  #rest = '';
  #coloured = false;

  /** What can be shown, now that this text has come. */
  take(text: string): string {
    const whole = this.#rest + text;
    const cut = unfinished.exec(whole)?.index ?? whole.length;
    this.#rest = whole.slice(cut);
    return this.#show(whole.slice(0, cut));
  }

  /** What is left; and the terminal's own colour again. */
  end(): string {
    const rest = this.#show(this.#rest);
    this.#rest = '';
    return this.#coloured ? `${rest}\u001b[m` : rest;
  }

  #show(text: string): string {
    return text.replace(pieces, (piece) => {
      if (piece === '\n' || piece === '\t' || piece.endsWith('\n')) return piece;
      if (piece.length < 3) return printable(piece, 12);
      this.#coloured = true;
      return piece;
    });
  }
}
