import { rpcLimits } from '../../system/limits/limits.ts';
import { FairQueue } from '../../system/sharing/fair-queue.ts';
import type { SharePeer } from '../../system/sharing/shares.ts';

/**
 * Starts calls, alternating between peers. It limits the time in one turn of the event loop, so that other peers are read
 * soon and a flooding peer delays only itself. While there is time, a call starts at once.
 */
export class CallTurns {
  readonly #waiting = new FairQueue<() => void>();
  /** Start time of the first call in this turn of the event loop; undefined without calls. */
  #began: number | undefined;
  #isRunning = false;

  add(peer: SharePeer, begin: () => void): void {
    this.#waiting.push(peer, begin);
    if (this.#isRunning) return;
    if (this.#began === undefined) this.#nextTurn();
    if (this.#hasTime()) this.#run();
  }

  #hasTime(): boolean {
    return this.#began !== undefined && performance.now() - this.#began < rpcLimits.turnTime;
  }

  #nextTurn(): void {
    this.#began = performance.now();
    setImmediate(() => {
      this.#began = undefined;
      if (this.#waiting.size === 0) return;
      this.#nextTurn();
      if (!this.#isRunning) this.#run();
    });
  }

  /**
   * Starts one call. The next one starts after the synchronous work of this one, including its answer. Node runs all ticks
   * before the microtasks, so the tick is requested from a microtask.
   */
  #run(): void {
    const begin = this.#waiting.shift();
    this.#isRunning = begin !== undefined;
    if (!begin) return;
    begin();
    if (this.#waiting.size === 0) this.#isRunning = false;
    else
      queueMicrotask(() => {
        process.nextTick(() => {
          if (this.#hasTime()) this.#run();
          else this.#isRunning = false;
        });
      });
  }
}
