import { setImmediate as nextRound } from 'node:timers/promises';

/**
 * Splits long work into slices, so that the event loop goes on between them:
 *
 *     for (const piece of work) {
 *       do(piece);
 *       if (pacer.isDue) await pacer.pause();
 *     }
 */
export class Pacer {
  readonly #sliceMs: number;
  #since = performance.now();

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
  }

  /** Whether the slice is over. */
  get isDue(): boolean {
    return performance.now() - this.#since >= this.#sliceMs;
  }

  /** Resolves in the next round of the event loop, with which a new slice begins. */
  async pause(): Promise<void> {
    await nextRound();
    this.#since = performance.now();
  }
}
