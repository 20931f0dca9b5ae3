/**
 * Sequences that a terminal answers, as if its user had typed: device and status reports (DA, DSR, DECRQM), window
 * reports, colours, names, XTGETTCAP, ENQ; and the bell.
 */
const answered =
  /\x1b\[[=>?]?\d*(?:;\d+)*[cn]|\x1b\[\??\d+\$p|\x1b\[(?:1[1-9]|2[01])t|\x1b\[>\d*q|\x1b\[\?u|\x1bZ|\x1b\]\d+(?:;\d+)?;\?(?:\x07|\x1b\\)|\x1bP[+$]q[^\x1b]*\x1b\\|[\x05\x07]/g;

/**
 * Makes output of the past fit to be shown again: nothing in it may make the terminal answer, since the answer would go
 * to a guest that no longer waits for it. If the beginning is cut off, it begins with a whole line.
 */
export function cleanReplay(bytes: Uint8Array, isCut: boolean): Buffer {
  const text = Buffer.from(bytes).toString('latin1');
  const whole = isCut && text.includes('\n') ? text.slice(text.indexOf('\n') + 1) : text;
  return Buffer.from(whole.replace(answered, ''), 'latin1');
}
