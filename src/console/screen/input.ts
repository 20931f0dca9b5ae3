/** Pure. */
import { consoleLimits } from '../../system/limits/limits.ts';

const ESC = 0x1b;
/** Lead byte of the C1 controls in UTF-8, U+0080 to U+009F. */
const C1_LEAD = 0xc2;

type State = 'ground' | 'escape' | 'intermediate' | 'csi' | 'osc' | 'string';

/** Characters without a width, which a terminal adds to the cell before: more of them than this are left out. */
const marks = new RegExp(
  `([\\p{Mn}\\p{Me}\\p{Cf}\\u1160-\\u11ff]{${consoleLimits.screenMarks}})[\\p{Mn}\\p{Me}\\p{Cf}\\u1160-\\u11ff]+`,
  'gu',
);

/**
 * Makes a guest's output fit for an emulator (ECMA-48; the states are those of xterm.js): nothing in it can take memory
 * or time out of proportion. Long strings are cut, numbers have four digits, few marks are put on one character.
 *
 * An incomplete sequence or character is held back until it is complete, so that a picture of the screen can follow the
 * output.
 */
export class ScreenInput {
  /** Of the state machine after all bytes that came. */
  #state: State = 'ground';
  /** After a C1 lead byte. */
  #isLead = false;
  /** Bytes of the incomplete sequence. */
  #length = 0;
  /** Digits of the incomplete number. */
  #digits = 0;
  /** Filtered bytes that are not given out yet, and how many bytes of the output they stand for. */
  #held: number[] = [];
  #heldBytes = 0;

  /** Bytes at the end of the output that no text was given out for. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Text for the emulator: of these bytes, and of those held back before, up to the last that are whole. */
  take(bytes: Uint8Array): string {
    const out = this.#held;
    /** Length of `out` where it is whole, and bytes after that. */
    let whole = 0;
    let after = this.#heldBytes;
    for (const byte of bytes) {
      this.#step(byte, out);
      after += 1;
      if (this.#state !== 'ground' || this.#isLead) continue;
      if (!isPartOfCharacter(byte)) {
        whole = out.length;
        after = 0;
      } else if (isWholeCharacter(out)) {
        whole = out.length;
        after = 0;
      }
    }
    // No sequence is so long: the emulator gets it as it is.
    if (out.length - whole > consoleLimits.screenHeldBytes) {
      whole = out.length;
      after = 0;
    }
    this.#held = out.slice(whole);
    this.#heldBytes = after;
    return Buffer.from(out.slice(0, whole)).toString('utf8').replace(marks, '$1');
  }

  #step(byte: number, out: number[]): void {
    const before = this.#state;
    const isControl1 = this.#isLead && byte >= 0x80 && byte < 0xa0;
    this.#isLead = byte === C1_LEAD;
    if (isControl1) this.#enter(afterC1(byte));
    else if (byte === ESC) this.#enter('escape');
    else if (byte === 0x18 || byte === 0x1a) this.#enter('ground');
    else this.#enter(next(before, byte));
    if (this.#state !== before || byte === ESC) this.#length = 0;
    this.#length += 1;
    if (this.#isDropped(byte, before)) return;
    // A further digit takes the place of a leading zero.
    if (before === 'csi' && this.#digits === 2 && isDigit(byte) && out.at(-1) === 0x30) {
      out.pop();
      this.#digits = 1;
    }
    out.push(byte);
  }

  #enter(state: State): void {
    this.#state = state;
  }

  #isDropped(byte: number, before: State): boolean {
    if (before !== this.#state || this.#isLead) {
      this.#digits = 0;
      return false;
    }
    if (before === 'csi') {
      this.#digits = isDigit(byte) ? this.#digits + 1 : 0;
      return this.#digits > 4 || this.#length > consoleLimits.screenSequenceBytes;
    }
    return (before === 'osc' || before === 'string') && this.#length > consoleLimits.screenSequenceBytes;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isPartOfCharacter(byte: number): boolean {
  return byte >= 0x80;
}

/** Whether the bytes end in a whole character of UTF-8, or in what can never be part of one. */
function isWholeCharacter(bytes: readonly number[]): boolean {
  let follow = 0;
  for (let at = bytes.length - 1; at >= 0 && follow < 4; at--, follow++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return follow + 1 >= length;
    }
    if (byte < 0x80) return true;
  }
  return true;
}

function afterC1(byte: number): State {
  if (byte === 0x9b) return 'csi';
  if (byte === 0x9d) return 'osc';
  return byte === 0x90 || byte === 0x98 || byte === 0x9e || byte === 0x9f ? 'string' : 'ground';
}

function next(state: State, byte: number): State {
  switch (state) {
    case 'ground':
      return 'ground';
    case 'escape':
      if (byte === 0x5b) return 'csi';
      if (byte === 0x5d) return 'osc';
      if (byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) return 'string';
      if (byte < 0x20 || byte === 0x7f) return 'escape';
      return byte < 0x30 ? 'intermediate' : 'ground';
    case 'intermediate':
      return byte < 0x30 || byte === 0x7f ? 'intermediate' : 'ground';
    case 'csi':
      return byte < 0x40 || byte === 0x7f ? 'csi' : 'ground';
    case 'osc':
      return byte === 0x07 ? 'ground' : 'osc';
    case 'string':
      return 'string';
  }
}
