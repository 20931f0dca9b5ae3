/** Calls that wait until something has grown, such as output, events or progress. */
export class Waiters {
  readonly #ends = new Set<() => void>();

  /** Number of calls that wait. */
  get size(): number {
    return this.#ends.size;
  }

  /** Resolves at the next `wake`, after `ms` milliseconds, or when the signal is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        this.#ends.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal?.addEventListener('abort', end);
      this.#ends.add(end);
      if (signal?.aborted) end();
    });
  }

  /** Ends all calls that wait now. */
  wake(): void {
    for (const end of [...this.#ends]) end();
  }
}
