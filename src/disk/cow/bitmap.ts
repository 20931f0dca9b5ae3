/**
 * Bitmaps of COW files, read 32 bits at a time: bit n is bit n % 8 of byte n / 8, least significant bit first.
 * So 32-bit integers of a little-endian machine (UML runs on no other) have the bits in order.
 */

/** A bitmap as 32-bit integers; missing bytes of the last one are zero. */
export function bitmapWords(bytes: Uint8Array): Uint32Array {
  const isAligned = bytes.byteOffset % 4 === 0 && bytes.length % 4 === 0;
  if (isAligned) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const words = new Uint32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return words;
}

/** The first set bit at or after `from` and before `end`; `end` if all are clear. */
export function findSet(words: Uint32Array, from: number, end: number): number {
  return find(words, from, end, 0);
}

/** The first clear bit at or after `from` and before `end`; `end` if all are set. */
export function findClear(words: Uint32Array, from: number, end: number): number {
  return find(words, from, end, -1);
}

function find(words: Uint32Array, from: number, end: number, flip: number): number {
  if (from >= end) return end;
  let index = from >>> 5;
  const last = (end - 1) >>> 5;
  let word = ((words[index] ?? 0) ^ flip) & (-1 << (from & 31));
  while (word === 0) {
    index += 1;
    if (index > last) return end;
    word = (words[index] ?? 0) ^ flip;
  }
  return Math.min(end, index * 32 + 31 - Math.clz32(word & -word));
}

export interface BitRun {
  /** First bit. */
  readonly start: number;
  /** The bit after the last. */
  readonly end: number;
}

/** The runs of set bits from `from` to before `end`; those with less than `gap` clear bits between them are one. */
export function* runsOf(words: Uint32Array, from: number, end: number, gap = 1): Generator<BitRun> {
  let start = findSet(words, from, end);
  while (start < end) {
    let stop = findClear(words, start, end);
    let next = findSet(words, stop, end);
    while (next < end && next - stop < gap) {
      stop = findClear(words, next, end);
      next = findSet(words, stop, end);
    }
    yield { start, end: stop };
    start = next;
  }
}

/** How many of the first `count` bits are set. */
export function countSet(words: Uint32Array, count: number): number {
  let total = 0;
  const whole = count >>> 5;
  for (let index = 0; index < whole; index++) total += ones(words[index] ?? 0);
  const rest = count & 31;
  return rest === 0 ? total : total + ones((words[whole] ?? 0) & ((1 << rest) - 1));
}

/** Bits that are set in 32: adds neighbours, pairs, nibbles, bytes. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55_55_55_55);
  const nibbles = (pairs & 0x33_33_33_33) + ((pairs >>> 2) & 0x33_33_33_33);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f_0f_0f_0f, 0x01_01_01_01) >>> 24;
}

/** Sets the bits from `from` to before `end`. */
export function setBits(words: Uint32Array, from: number, end: number): void {
  for (let bit = from; bit < end; ) {
    const stop = Math.min(end, (bit | 31) + 1);
    const mask = (-1 << (bit & 31)) & (-1 >>> ((32 - (stop & 31)) & 31));
    words[bit >>> 5] = (words[bit >>> 5] ?? 0) | mask;
    bit = stop;
  }
}
