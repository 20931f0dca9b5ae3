import { consoleLimits } from '../system/limits/limits.ts';
import { FairQueue } from '../system/sharing/fair-queue.ts';
import type { SharePeer } from '../system/sharing/shares.ts';

/**
 * Hands out the output of one channel to its viewers, so that they never delay the guest. Each turn of the event loop
 * answers one viewer. In a flood, all viewers together get at most as many bytes as arrive, or half of that if they are
 * many. So the cost does not depend on their number, and a viewer that falls behind the ring misses output.
 */
export class Deliveries {
  readonly #waiting = new FairQueue<() => void>();
  /** Those who type. */
  readonly #ahead: (() => void)[] = [];
  /** Bytes that may be handed out while output floods. */
  #credit = 0;
  #lastFlood = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #turning = false;

  /** Output has come, in one large read. */
  flooded(bytes: number): void {
    this.#lastFlood = performance.now();
    // Many buffers are read more slowly than one: half of the bytes cost as much.
    const share = this.#size > consoleLimits.crowd ? bytes / 2 : bytes;
    this.#credit = Math.min(consoleLimits.ringBytes, this.#credit + share);
    if (this.#size > 0) this.#turn();
  }

  /**
   * Resolves when it is the caller's turn; undefined if that is now.
   *
   * @param ahead of all waiting viewers: the controller waits for the echo
   */
  pass(ahead: boolean, peer: SharePeer): Promise<void> | undefined {
    if (!this.#turning && this.#size === 0 && this.#isAllowed()) {
      this.#turn();
      return undefined;
    }
    return new Promise((resolve) => {
      if (ahead) this.#ahead.push(resolve);
      else this.#waiting.push(peer, resolve);
      this.#turn();
    });
  }

  /** So much was handed out. */
  spent(bytes: number): void {
    this.#credit = Math.max(-consoleLimits.gatherBytes, this.#credit - bytes);
  }

  get #size(): number {
    return this.#ahead.length + this.#waiting.size;
  }

  #isAllowed(): boolean {
    return this.#credit > 0 || performance.now() - this.#lastFlood > consoleLimits.gatherTime;
  }

  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    clearTimeout(this.#timer);
    setImmediate(() => {
      this.#turning = false;
      if (this.#size === 0) return;
      if (!this.#isAllowed()) {
        this.#timer = setTimeout(() => this.#turn(), consoleLimits.gatherTime + 1);
        return;
      }
      (this.#ahead.shift() ?? this.#waiting.shift())?.();
      this.#turn();
    });
  }
}
