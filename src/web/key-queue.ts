import { setTimeout as delay } from 'node:timers/promises';
import { webLimits } from '../system/limits.ts';

/** Milliseconds until keys are offered again to a guest that does not read: at first, and at most. */
const offerAgain = { first: 10, most: 500 };

export interface KeyTaker {
  /** How many bytes of these are done with. */
  readonly offer: (keys: Buffer) => Promise<number>;
  /** So many more are. */
  readonly onTaken: (count: number) => void;
  readonly onError: (error: unknown) => void;
  /** Ends the offering; what is left then, the page offers again. */
  readonly signal: AbortSignal;
}

/** Keys on their way to a guest, in their order, until it takes them. */
export class KeyQueue {
  readonly #taker: KeyTaker;
  readonly #keys: Buffer[] = [];
  #bytes = 0;
  #offering: Promise<void> | undefined;

  constructor(taker: KeyTaker) {
    this.#taker = taker;
  }

  /** False if there are too many already. */
  push(keys: Buffer): boolean {
    if (this.#taker.signal.aborted) return true;
    if (this.#bytes + keys.length > webLimits.typedBytes) return false;
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
    let wait = offerAgain.first;
    for (let [keys] = this.#keys; keys && !signal.aborted; [keys] = this.#keys) {
      const taken = await offer(keys);
      if (taken === keys.length) this.#keys.shift();
      else this.#keys[0] = keys.subarray(taken);
      this.#bytes -= taken;
      if (taken > 0) {
        onTaken(taken);
        wait = offerAgain.first;
      } else {
        await delay(wait);
        wait = Math.min(2 * wait, offerAgain.most);
      }
    }
  }
}
