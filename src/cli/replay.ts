/**
 * Sequences that a terminal answers, as if its user had typed: device and status reports (DA, DSR, DECRQM), window
 * reports, colours, names, XTGETTCAP, ENQ; and the bell.
 */
const answered =
  /\x1b\[[=>?]?\d*(?:;\d+)*[cn]|\x1b\[\??\d+\$p|\x1b\[(?:1[1-9]|2[01])t|\x1b\[>\d*q|\x1b\[\?u|\x1bZ|\x1b\]\d+(?:;\d+)?;\?(?:\x07|\x1b\\)|\x1bP[+$]q[^\x1b]*\x1b\\|[\x05\x07]/g;

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
    data: Buffer.from(text.slice(start).replace(answered, ''), 'latin1'),
    isDrawn: last !== undefined,
  };
}
