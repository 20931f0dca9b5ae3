import { rpcLimits } from '../../system/limits/limits.ts';
import { FairQueue } from '../../system/sharing/fair-queue.ts';
import type { Peer } from '../../system/sharing/shares.ts';

/**
 * Begins calls in turns of their peers, and so many in one turn of the event loop that the others are still read soon: a
 * peer that floods waits for itself. What comes while there is time begins at once.
 */
export class CallTurns {
  readonly #waiting = new FairQueue<() => void>();
  /** When the first call of this turn of the event loop began; undefined if there was none. */
  #began: number | undefined;
  #isRunning = false;

  add(peer: Peer, begin: () => void): void {
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
   * Begins one. The next one comes when all that this one does at once is done, its answer too: Node runs all ticks before the
   * microtasks, so the tick is asked for behind these.
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
