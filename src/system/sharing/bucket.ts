/** So many at once, and then so many in a minute. */
export interface Rate {
  readonly atOnce: number;
  readonly perMinute: number;
}

const minute = 60_000;

/** Full at first; what is taken comes back with time, in milliseconds. */
export class Bucket {
  readonly #rate: Rate;
  #tokens: number;
  #at = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#tokens = rate.atOnce;
  }

  has(now: number): boolean {
    const { atOnce, perMinute } = this.#rate;
    this.#tokens = Math.min(atOnce, this.#tokens + (Math.max(0, now - this.#at) * perMinute) / minute);
    this.#at = now;
    return this.#tokens >= 1;
  }

  take(): void {
    this.#tokens -= 1;
  }
}
