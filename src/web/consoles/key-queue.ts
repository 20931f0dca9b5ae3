import { setTimeout as delay } from 'node:timers/promises';
import { consoleLimits, webLimits } from '../../system/limits/limits.ts';

/** Milliseconds until keys are offered again to a guest that does not read; the monitor has waited for it before. */
const offerAgain = 20;

export interface KeyTaker {
  /** How many of these bytes are acknowledged. */
  readonly offer: (keys: Buffer) => Promise<number>;
  /** So many more are. */
  readonly onTaken: (count: number) => void;
  /** Keys have waited for a second for a guest that does not read; or it reads again. */
  readonly onStuck: (isOver: boolean) => void;
  /** So many bytes were dropped for an interrupt behind them. */
  readonly onDrop: (count: number) => void;
  readonly onError: (error: unknown) => void;
  /** Ends the offering; what is left then, the page offers again. */
  readonly signal: AbortSignal;
}

/** Keys on their way to a guest, in their order, until it takes them. */
export class KeyQueue {
  readonly #taker: KeyTaker;
  #keys: Buffer[] = [];
  #bytes = 0;
  #offering: Promise<void> | undefined;
  /** When the guest has read last, of performance.now(). */
  #readAt = Number.NEGATIVE_INFINITY;
  #isStuck = false;

  constructor(taker: KeyTaker) {
    this.#taker = taker;
  }

  /** False if there are too many already. */
  push(keys: Buffer): boolean {
    if (this.#taker.signal.aborted) return true;
    if (this.#bytes > 0 && isInterrupt(keys)) {
      this.#interrupt(keys);
      return true;
    }
    if (this.#bytes + keys.length > webLimits.typedBytes) return false;
    if (this.#bytes === 0) this.#readAt = performance.now();
    this.#keys.push(keys);
    this.#bytes += keys.length;
    this.#offering ??= this.#offer()
      .catch(this.#taker.onError)
      .finally(() => {
        this.#offering = undefined;
      });
    return true;
  }

  /** Resolves when nothing is offered any more. */
  async settled(): Promise<void> {
    await this.#offering;
  }

  async #offer(): Promise<void> {
    const { offer, onTaken, signal } = this.#taker;
    for (let keys = this.#next(); keys && !signal.aborted; keys = this.#next()) {
      const taken = await offer(keys);
      // An interrupt may have dropped them meanwhile.
      if (this.#keys[0] === keys) {
        if (taken === keys.length) this.#keys.shift();
        else this.#keys[0] = keys.subarray(taken);
        this.#bytes -= taken;
        if (taken > 0) onTaken(taken);
      }
      this.#judge(taken);
      if (taken === 0) await delay(offerAgain);
    }
  }

  /** All that waits, as one: keys of a paste may come one by one. */
  #next(): Buffer | undefined {
    if (this.#keys.length > 1) this.#keys = [Buffer.concat(this.#keys)];
    return this.#keys[0];
  }

  #judge(taken: number): void {
    const now = performance.now();
    if (taken > consoleLimits.probeBytes || this.#bytes === 0) {
      this.#readAt = now;
      if (this.#isStuck) this.#taker.onStuck(true);
      this.#isStuck = false;
    } else if (!this.#isStuck && now - this.#readAt >= consoleLimits.notReadTime) {
      this.#isStuck = true;
      this.#taker.onStuck(false);
    }
  }

  /** Drops all that waits, which is then done with, and offers this key at once. */
  #interrupt(key: Buffer): void {
    const { offer, onTaken, onDrop, onError } = this.#taker;
    const dropped = this.#bytes;
    this.#keys = [];
    this.#bytes = 0;
    onTaken(dropped);
    onDrop(dropped);
    offer(key).then((taken) => {
      if (taken > 0) onTaken(taken);
      else this.push(key);
    }, onError);
  }
}

/** A key that empties the input of a terminal: CTRL-C, CTRL-BACKSLASH, CTRL-Z. In a paste they are data. */
function isInterrupt(keys: Buffer): boolean {
  return keys.length === 1 && [3, 28, 26].includes(keys[0] ?? 0);
}
