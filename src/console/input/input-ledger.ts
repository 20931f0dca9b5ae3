/** Pure. */
import { consoleLimits } from '../../system/limits/limits.ts';
import { aliasesOf } from './former-mappings.ts';
import { isControl, type LineBuffer } from './line-buffer.ts';
import type { LineBuffers } from './search-memory.ts';

/** One inspection of a guest. */
export interface Sight {
  /** Those asked for; undefined where the memory of the kernel cannot be read. */
  readonly buffers: LineBuffers | undefined;
  /** Bytes passed on when the inspection started. */
  readonly passed: number;
  /** Bytes of them that the kernel has not taken from its console yet. */
  readonly outside: number;
  /** Bytes of output of the console so far. */
  readonly output: number;
}

/** A buffer that is the console's. All bytes passed up to `passed` had arrived when its head was at `head`. */
interface Known {
  passed: number;
  head: number;
  /** Where the head was at the last look, when it had moved, and whether it has since everything had arrived. */
  seen: number;
  movedAt: number;
  hasMoved: boolean;
  /** Control characters of the input passed on up to then; they may do something else than arrive. */
  controls: number;
  /** The tail at the start of the search, and the place of the buffer in the memory of the guest. */
  readonly tail: number;
  readonly place: number | undefined;
}

/** The search for the console's buffer: all buffers before a piece of input was passed on. */
interface Hunt {
  readonly before: LineBuffers;
  readonly passed: number;
  /** What the piece was found in, and since when. */
  matches: readonly number[];
  matchedAt: number;
}

/** Milliseconds for which a piece is found in the same buffers: a program that passes its input on fills a second one. */
const settleTime = 10;

/**
 * Reckons how much input of one console the guest has not read, at most. Times are those of performance.now().
 *
 * The console's buffer is recognised by the bytes that were passed on. Of all input buffers in the memory of the kernel, it
 * is the one that changes and ends with those bytes. From then on the count is exact: bytes that have not arrived count as
 * unread. If several buffers match (a terminal multiplexer passes its input on to another terminal), the fullest counts.
 * Former mappings of the same buffer match too, with a tail that is not its own: they count until a tail moves.
 */
export class InputLedger {
  /** Bytes passed on. */
  passed = 0;
  #unread: number;
  #isOpenLine = false;
  /** Control characters passed on. */
  #controls = 0;
  #isKnown: boolean;
  #known = new Map<number, Known>();
  #hunt: Hunt | undefined;
  #misses = 0;
  #isBlind = false;
  /** The memory of the kernel may not be read; else its buffers were not recognised. */
  #isForbidden = false;
  /** The last bytes passed on. */
  #tail = Buffer.alloc(0);
  #passedAt: number;
  /** Output so far when they were. */
  #outputAt = 0;
  #movedAt = Number.NEGATIVE_INFINITY;
  #probeWait = 2 * consoleLimits.notReadTime;

  /** @param isNew nothing was passed on to this kernel yet; else it may have as much unread as is allowed */
  constructor(isNew: boolean, now: number) {
    this.#isKnown = isNew;
    this.#passedAt = isNew ? Number.NEGATIVE_INFINITY : now;
    this.#unread = isNew ? 0 : consoleLimits.unreadInput;
  }

  /** Bytes that the guest has not read, at most. */
  get unread(): number {
    return this.#unread;
  }

  /** Whether nothing can be seen of the guest's terminals. */
  get isBlind(): boolean {
    return this.#isBlind;
  }

  /** How many of these bytes may be passed on now. */
  roomFor(bytes: Uint8Array): number {
    const room = Math.max(0, consoleLimits.unreadInput - this.#unread);
    if (room >= bytes.length || !this.#isOpenLine) return Math.min(room, bytes.length);
    // A line that a guest cannot read before its end gets more.
    const end = 1 + bytes.findIndex((byte) => byte === NL || byte === CR);
    const most = Math.min(end || bytes.length, consoleLimits.openLineBytes - this.#unread);
    return Math.max(room, most);
  }

  /** How many bytes of a single key may be passed on now. A key that interrupts has more room. */
  reserveFor(key: Uint8Array): number {
    const most = isInterrupt(key)
      ? consoleLimits.reservedInput
      : consoleLimits.unreadInput + consoleLimits.keysBytes;
    return Math.max(0, most - this.#unread);
  }

  /** For pieces to recognise the buffer by; the last one is kept for after an interrupt. */
  get #reserve(): number {
    const kept = isInterrupt(this.#tail.subarray(-1)) ? 0 : consoleLimits.probeBytes;
    return Math.max(0, consoleLimits.reservedInput - kept - this.#unread);
  }

  /** The buffers to inspect next; undefined for all. */
  get wanted(): Iterable<number> | undefined {
    return this.#known.size > 0 ? this.#known.keys() : undefined;
  }

  /** Whether the guest has read nothing for so many milliseconds. */
  isStill(now: number, ms: number): boolean {
    return now - this.#movedAt >= ms;
  }

  /** Bytes of waiting input that may be passed on to recognise the buffer by them. */
  probe(now: number): number {
    const bytes = Math.min(consoleLimits.probeBytes, this.#reserve);
    if (this.#isBlind) return 0;
    if (this.#known.size === 0) return this.#hunt?.passed === this.passed ? bytes : 0;
    // The terminal may have been closed and opened, and this be the memory of the former one.
    if (now - Math.max(this.#movedAt, this.#passedAt) < this.#probeWait) return 0;
    this.#probeWait *= 2;
    return bytes;
  }

  /** The memory of a kernel can be inspected from now on. */
  beginSeeing(): void {
    this.#isBlind = false;
    this.#isForbidden = false;
    this.#misses = 0;
  }

  /**
   * These bytes were passed on.
   *
   * @param output bytes of output of the console before
   */
  note(bytes: Uint8Array, now: number, output: number): void {
    if (bytes.length === 0) return;
    if (this.#isBlind) this.#reckonBlindly(output, now);
    this.#outputAt = output;
    this.passed += bytes.length;
    this.#unread += bytes.length;
    this.#passedAt = now;
    if (bytes.includes(NL) || bytes.includes(CR)) this.#isOpenLine = false;
    const tail = Buffer.concat([this.#tail, bytes.subarray(-consoleLimits.probeBytes)]);
    this.#tail = tail.subarray(-consoleLimits.probeBytes);
    this.#controls += bytes.reduce((sum, byte) => sum + Number(isControl(byte)), 0);
    // CTRL-C, CTRL-Z, CTRL-\ empty the buffer. What is seen of it is better evidence.
    if (isInterrupt(bytes) && this.#isBlind) this.#unread = 0;
  }

  look(sight: Sight, now: number): void {
    if (sight.buffers === undefined && !this.#isBlind) {
      this.#isForbidden = true;
      this.#goBlind();
    }
    if (this.#isBlind || !sight.buffers) this.#reckonBlindly(sight.output, now);
    else if (this.#known.size > 0) this.#follow(sight, sight.buffers, now);
    else this.#search(sight, sight.buffers, now);
  }

  #goBlind(): void {
    this.#isBlind = true;
    this.#isKnown = true;
    this.#known.clear();
    this.#hunt = undefined;
  }

  /** More output since the last input than an echo would be, or a long time without input. */
  #reckonBlindly(output: number, now: number): void {
    const isAnswered = output - this.#outputAt > 2 * this.#unread + 2 * consoleLimits.probeBytes;
    if (!isAnswered && now - this.#passedAt < consoleLimits.blindTime) return;
    this.#setUnread(0, now);
    this.#outputAt = output;
    if (!this.#isForbidden) this.beginSeeing();
  }

  #follow(sight: Sight, buffers: LineBuffers, now: number): void {
    for (const at of aliasesOf(this.#known, buffers)) this.#known.delete(at);
    let [most, isOpenLine] = [0, true];
    for (const [at, known] of this.#known) {
      const buffer = buffers.get(at);
      const missing = buffer && this.#missingIn(buffer, known, sight, now);
      if (!buffer || missing === undefined) {
        this.#known.delete(at);
        continue;
      }
      most = Math.max(most, buffer.unread + missing);
      isOpenLine &&= buffer.isOpenLine;
    }
    this.#isOpenLine = isOpenLine && this.#known.size > 0;
    // Without a buffer, everything stays as it was until one is recognised.
    if (this.#known.size > 0) this.#setUnread(most + this.passed - sight.passed, now);
  }

  /** Bytes that have not arrived in a buffer; undefined if it no longer belongs to the console. */
  #missingIn(buffer: LineBuffer, known: Known, { passed, outside }: Sight, now: number): number | undefined {
    if (buffer.head !== known.seen) {
      known.movedAt = now;
      known.hasMoved = true;
    }
    known.seen = buffer.head;
    // The head goes back when the input is flushed, or a line erased: then nothing is known to have arrived.
    const missing = passed - known.passed - Math.max(0, buffer.head - known.head);
    if (missing > 0) {
      const isExact = known.controls === this.#controls && buffer.head >= known.head;
      const limit = isExact ? 2 * consoleLimits.arriveTime : consoleLimits.arriveTime;
      if (outside > 0 || now - Math.max(known.movedAt, this.#passedAt) < limit) return missing;
      if (isExact || !known.hasMoved) return undefined;
    }
    Object.assign(known, { passed, head: buffer.head, hasMoved: false, controls: this.#controls });
    return 0;
  }

  #search(sight: Sight, buffers: LineBuffers, now: number): void {
    // A kernel without visible buffers gives no information.
    if (!this.#isKnown && buffers.size > 0) this.#assumeFullest(sight, buffers);
    const hunt = this.#hunt;
    if (!hunt) this.#beginHunt(sight, buffers);
    else if (sight.outside > 0 || sight.passed !== this.passed) return;
    else if (sight.passed > hunt.passed) this.#findPiece(hunt, sight, buffers, now);
    else if (this.#reserve === 0 && now - this.#passedAt >= consoleLimits.arriveTime)
      this.#findTail(hunt, sight, buffers, now);
  }

  /** Of another monitor's input: the console's buffer is one of them. */
  #assumeFullest({ passed, outside }: Sight, buffers: LineBuffers): void {
    const least = new Map<number, number>();
    for (const [at, { unread, hasContent, place = at }] of buffers)
      if (hasContent) least.set(place, Math.min(unread, least.get(place) ?? unread));
    const most = Math.max(0, ...least.values());
    this.#isKnown = true;
    this.#unread = Math.min(most + outside, consoleLimits.reservedInput) + this.passed - passed;
  }

  #findPiece(hunt: Hunt, sight: Sight, buffers: LineBuffers, now: number): void {
    const piece = this.#tail.subarray(-Math.min(sight.passed - hunt.passed, consoleLimits.probeBytes));
    const matches = [...buffers]
      .filter(([at, { head, endsWith }]) => head !== hunt.before.get(at)?.head && endsWith(piece))
      .map(([at]) => at);
    if (matches.length > 0) this.#settle(hunt, matches, sight, buffers, now);
    else if (now - this.#passedAt >= consoleLimits.arriveTime) {
      this.#misses += 1;
      if (this.#misses >= consoleLimits.inputProbes) this.#goBlind();
      else this.#beginHunt(sight, buffers);
    }
  }

  /** Without room for a piece, what was passed on last has to do. */
  #findTail(hunt: Hunt, sight: Sight, buffers: LineBuffers, now: number): void {
    const matches = [...buffers].filter(([, { endsWith }]) => endsWith(this.#tail)).map(([at]) => at);
    if (matches.length > 0) this.#settle(hunt, matches, sight, buffers, now);
  }

  /** These buffers are the console's when they match for a while. */
  #settle(hunt: Hunt, matches: number[], sight: Sight, buffers: LineBuffers, now: number): void {
    if (matches.join() !== hunt.matches.join()) {
      hunt.matches = matches;
      hunt.matchedAt = now;
    } else if (now - hunt.matchedAt >= settleTime) this.#recognise(hunt, sight, buffers, now);
  }

  #beginHunt({ passed }: Sight, buffers: LineBuffers): void {
    this.#hunt = { before: buffers, passed, matches: [], matchedAt: 0 };
  }

  #recognise({ matches, before }: Hunt, sight: Sight, buffers: LineBuffers, now: number): void {
    this.#hunt = undefined;
    this.#misses = 0;
    for (const at of matches) {
      const { head = 0, tail = 0, place } = buffers.get(at) ?? {};
      this.#known.set(at, {
        ...{ passed: sight.passed, head, seen: head, movedAt: now, hasMoved: true },
        controls: this.#controls,
        ...{ tail: before.get(at)?.tail ?? tail, place },
      });
    }
    this.#follow(sight, buffers, now);
  }

  /** What was known before stays true: no more than that. */
  #setUnread(bytes: number, now: number): void {
    if (bytes >= this.#unread) return;
    this.#movedAt = now;
    this.#probeWait = 2 * consoleLimits.notReadTime;
    this.#unread = bytes;
  }
}

const CR = 13;
const NL = 10;

/** CTRL-C, CTRL-Z, CTRL-\: they empty the buffer. */
function isInterrupt(key: Uint8Array): boolean {
  return key.length === 1 && [3, 26, 28].includes(key[0] ?? 0);
}
