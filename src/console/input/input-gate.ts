import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { consoleLimits } from '../../system/limits/limits.ts';
import type { GuestTerminals } from './guest-terminals.ts';
import { InputLedger } from './input-ledger.ts';

/** What an input gate needs of its console. */
export interface GatedConsole {
  /** Passes bytes on; returns how many were taken. */
  put(bytes: Uint8Array): number;
  /** Bytes passed on that the kernel has not taken yet. */
  outside(): number;
  /** Bytes of output so far. */
  output(): number;
  /** The terminals of the guest; undefined before its kernel runs. */
  terminals(): GuestTerminals | undefined;
  /** Called when input starts, and when it stops, waiting for a guest that does not read. */
  onWait?(input: InputState): void;
}

/** The state of the input of a console. */
export interface InputState {
  /** Bytes that the guest has not read, at most. */
  readonly unread: number;
  /** Bytes offered last that are not passed on; 0 if nothing waits. */
  readonly waiting: number;
  /** Milliseconds for which they wait. */
  readonly waitedMs: number;
  /** Whether the guest's own count can be seen; else it is estimated, see the limit blindTime. */
  readonly isSeen: boolean;
}

export interface Patience {
  /** Milliseconds to wait for a guest that does not read. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
  /** Whether the bytes are still to be typed after a wait. */
  readonly isWanted?: () => boolean;
}

/** Input is passed on in pieces of so many bytes, if the guest keeps reading. */
const goodPiece = 1024;
/** Milliseconds without progress after which a smaller piece is passed on. */
const stillTime = 10;
/** Checks after a key that was passed on from the reserve, and the milliseconds between them. */
const lookAfterKey = { times: 3, pause: 12 };

/**
 * Passes the input of one console on no faster than the guest reads it. So the line buffer of its kernel never overflows;
 * see InputLedger for the method. Small input is passed on at once, without inspecting the guest.
 */
export class InputGate {
  readonly #console: GatedConsole;
  readonly #ledger: InputLedger;
  #looking: Promise<void> | undefined;
  #lookAfterKey: Promise<void> | undefined;
  /** Ends the wait of the call before. */
  #giveWay: AbortController | undefined;
  #waiting = 0;
  /** Of performance.now(). */
  #waitsSince = Number.NEGATIVE_INFINITY;
  #offeredAt = Number.NEGATIVE_INFINITY;
  #hasTold = false;

  /** @param isNew nothing was typed at this kernel yet */
  constructor(console: GatedConsole, isNew: boolean) {
    this.#console = console;
    this.#ledger = new InputLedger(isNew, performance.now());
  }

  /** The terminals of the guest can be inspected from now on. */
  beginSeeing(): void {
    this.#ledger.beginSeeing();
  }

  get state(): InputState {
    const now = performance.now();
    const isOver = this.#giveWay === undefined && now - this.#offeredAt > 2 * consoleLimits.notReadTime;
    const waiting = isOver ? 0 : this.#waiting;
    const { unread, isBlind } = this.#ledger;
    return { unread, waiting, waitedMs: waiting > 0 ? now - this.#waitsSince : 0, isSeen: !isBlind };
  }

  /** Passes on as many bytes as fit now; returns their number. */
  write(bytes: Uint8Array): number {
    const room = this.#ledger.roomFor(bytes);
    const isKey = bytes.length <= consoleLimits.keyBytes && bytes.length <= this.#ledger.reserveFor(bytes);
    const taken = this.#pass(bytes.subarray(0, isKey ? bytes.length : room));
    // For a key only: a paste looks itself.
    if (isKey && taken > room) this.#lookAfterKey ??= this.#lookSoon();
    return taken;
  }

  /**
   * Passes on as many bytes as fit; waits until at least one fits. A later call ends the wait of an earlier
   * one. Never rejects.
   *
   * @returns how many of the bytes were passed on; 0 if the guest does not read
   */
  async type(bytes: Uint8Array, { waitMs, signal, isWanted = () => true }: Patience): Promise<number> {
    this.#giveWay?.abort();
    const taken = this.write(bytes);
    if (taken > 0 || bytes.length === 0) {
      if (bytes.length > consoleLimits.keyBytes) this.#waitsNoMore();
      return taken;
    }
    const wait = new AbortController();
    this.#giveWay = wait;
    const isOver = () => wait.signal.aborted || signal?.aborted === true || !isWanted();
    try {
      return await this.#wait(bytes, performance.now() + waitMs, isOver);
    } finally {
      if (this.#giveWay === wait) this.#giveWay = undefined;
    }
  }

  async #wait(bytes: Uint8Array, deadline: number, isOver: () => boolean): Promise<number> {
    this.#waits(bytes.length);
    for (let looks = 0; ; looks++) {
      const { passed } = this.#ledger;
      const began = performance.now();
      // A long search is followed by a pause of the same length.
      const isSearch = this.#ledger.wanted === undefined;
      await this.#look();
      const rest = isSearch ? Math.floor(performance.now() - began) : 0;
      if (isOver() || passed !== this.#ledger.passed) return 0;
      const now = performance.now();
      const room = this.#ledger.roomFor(bytes);
      const isEnough = room >= Math.min(bytes.length, goodPiece);
      if (room > 0 && (isEnough || this.#ledger.isStill(now, stillTime))) {
        this.#waitsNoMore();
        return this.#pass(bytes.subarray(0, room));
      }
      const probe = this.#pass(bytes.subarray(0, this.#ledger.probe(now)));
      if (probe > 0) return probe;
      this.#waits(bytes.length);
      if (now >= deadline) return 0;
      const pause = Math.max(rest, lookTimes[Math.min(looks, lookTimes.length - 1)] ?? 0);
      await (pause > 0 ? delay(pause) : nextTurn());
    }
  }

  #pass(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    const output = this.#console.output();
    const taken = this.#console.put(bytes);
    this.#ledger.note(bytes.subarray(0, taken), performance.now(), output);
    return taken;
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    const ledger = this.#ledger;
    const { passed, wanted, isBlind } = ledger;
    const outside = this.#console.outside();
    const terminals = isBlind ? undefined : this.#console.terminals();
    const buffers = await (wanted ? terminals?.some(wanted) : terminals?.all());
    ledger.look({ buffers, passed, outside, output: this.#console.output() }, performance.now());
  }

  /** A key has used the reserve: there may be room by now. */
  async #lookSoon(): Promise<void> {
    for (let times = 0; times < lookAfterKey.times; times++) {
      await this.#look();
      await delay(lookAfterKey.pause);
    }
    this.#lookAfterKey = undefined;
  }

  #waits(bytes: number): void {
    const now = performance.now();
    if (this.state.waiting === 0) {
      this.#waitsSince = now;
      this.#hasTold = false;
    }
    this.#waiting = bytes;
    this.#offeredAt = now;
    if (this.#hasTold || now - this.#waitsSince < consoleLimits.notReadTime) return;
    this.#hasTold = true;
    this.#console.onWait?.(this.state);
  }

  #waitsNoMore(): void {
    this.#waiting = 0;
    if (!this.#hasTold) return;
    this.#hasTold = false;
    this.#console.onWait?.(this.state);
  }
}

const { lookTimes } = consoleLimits;
