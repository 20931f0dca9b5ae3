import { setImmediate as nextRound } from 'node:timers/promises';

/** Splits long work into slices, so that the event loop runs between them. */
export class Pacer {
  readonly #sliceMs: number;
  #since = performance.now();

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
  }

  /** Does work that yields between its pieces. */
  async run<T>(work: Generator<void, T>): Promise<T> {
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
      if (this.isDue) await this.pause();
    }
  }

  /** Whether the slice is over. */
  get isDue(): boolean {
    return performance.now() - this.#since >= this.#sliceMs;
  }

  /** Resolves in the next round of the event loop, which starts a new slice. */
  async pause(): Promise<void> {
    await nextRound();
    this.#since = performance.now();
  }
}
