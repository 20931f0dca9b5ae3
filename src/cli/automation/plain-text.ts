/** Control sequences and strings (ECMA-48), other escape sequences, and controls other than tab and line feed. */
const controls =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x18\x1a\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])|[\x00-\x08\x0b-\x1f\x7f]/g;
/** What may be an incomplete sequence. */
const unfinished = /\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x18\x1a\x1b]{0,1000}\x1b?|[ -/]*)$/;

/** Output of a guest as it comes, without what only moves the cursor or sets colours: what can be searched. */
export class PlainText {
  #rest = '';

  /** The complete plain text, with this piece added. */
  take(text: string): string {
    const whole = this.#rest + text;
    const cut = unfinished.exec(whole)?.index ?? whole.length;
    this.#rest = whole.slice(cut);
    return whole.slice(0, cut).replace(controls, '');
  }
}
