/** The control character that opens the menu of a console session. */
export interface EscapeKey {
  /** As text: `CTRL-]`. */
  readonly name: string;
  /** All that a terminal may send for it. */
  readonly sequences: readonly Buffer[];
}

/**
 * @param byte of the control character, 0x00 to 0x1f
 *
 * A program in the guest may have asked the terminal to report keys in another way (xterm's modifyOtherKeys, or
 * `CSI number u` of kitty and others); a user must get out of that too.
 */
export function escapeKey(byte: number): EscapeKey {
  const letter = String.fromCharCode(byte + 0x40);
  const code = letter.toLowerCase().charCodeAt(0);
  const texts = [String.fromCharCode(byte), `\x1b[${code};5u`, `\x1b[27;5;${code}~`];
  return { name: `CTRL-${letter}`, sequences: texts.map((text) => Buffer.from(text, 'latin1')) };
}

/** Index of the first escape key in the input, or -1. */
export function findEscape(typed: Buffer, { sequences }: EscapeKey): number {
  const places = sequences.map((sequence) => typed.indexOf(sequence)).filter((place) => place >= 0);
  return places.length > 0 ? Math.min(...places) : -1;
}
