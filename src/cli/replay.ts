/**
 * All that is not plain text (ECMA-48): control sequences, strings up to their end or up to the next ESC, other escape
 * sequences, an ESC that begins none of them whole; C1 controls in UTF-8; the bell and ENQ.
 */
const controls =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x18\x1a\x1b]*(?:\x07|\x1b\\)?|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])?|\xc2(?![\xa0-\xbf])[\x80-\x9f]?|[\x05\x07]/g;

/**
 * Those that a terminal answers, as if its user had typed (xterm's ctlseqs): attributes, status, modes, window, name,
 * keyboard, colours; and all that are no whole sequence, since what is left of one must not become another.
 */
const answered = [
  /^\x1b\[(?:[0-?]*[cnx]|[0-?]*(?:\$[puw]|\*y|'\||"v)|\?[0-?]*[mSu]|>[0-?]*q|(?:1[1-9]|2[01])[0-?]*t)$/,
  /^\x1b\].*;\?/s,
  /^\x1b[PX^_Z]/,
  /^\x1b(?:\][^\x07\x1b]*)?$/,
  /^[\x05\x07\xc2]|\xc2[\x80-\x9f]/,
];

/** What programs do that draw on the whole screen: address the cursor, erase all, set margins, change the screen. */
const drawn = /\x1b\[[\d;]*[Hfr]|\x1b\[2J|\x1b\[\?(?:47|1047|1049)[hl]/g;

export interface Replay {
  readonly data: Buffer;
  /** A program has drawn on the whole screen: it should draw anew. */
  readonly isDrawn: boolean;
}

/**
 * Makes output of the past fit to be shown again. Nothing in it may make the terminal answer, since the answer would go
 * to a guest that no longer waits for it. What was drawn is left out: a part of it, perhaps in a window of another size,
 * would be a mess. If the beginning is cut off, it begins with a whole line.
 */
export function cleanReplay(bytes: Uint8Array, isCut: boolean): Replay {
  const text = Buffer.from(bytes).toString('latin1');
  const last = [...text.matchAll(drawn)].at(-1);
  let start = last ? last.index + last[0].length : 0;
  if (!last && isCut && text.includes('\n')) start = text.indexOf('\n') + 1;
  return {
    data: Buffer.from(text.slice(start).replace(controls, withoutAnswered), 'latin1'),
    isDrawn: last !== undefined,
  };
}

function withoutAnswered(control: string): string {
  return answered.some((pattern) => pattern.test(control)) ? '' : control;
}
