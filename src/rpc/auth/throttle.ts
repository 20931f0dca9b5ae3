/** The failures of one address, or of one account. */
interface Failures {
  count: number;
  last: number;
}

export interface ThrottleLimits {
  /** Failures without a wait. */
  readonly free: number;
  /** Milliseconds of the first wait, of the longest wait, and until failures are forgotten. */
  readonly first: number;
  readonly most: number;
  readonly memory: number;
  /** Names that are remembered. */
  readonly names: number;
}

/**
 * Makes names wait after too many failures, longer each time. It holds names and numbers only. The caller passes the time,
 * in milliseconds of a monotonic clock.
 */
export class Throttle {
  readonly #limits: ThrottleLimits;
  /** Ordered by the time of the last failure. */
  readonly #failures = new Map<string, Failures>();

  constructor(limits: ThrottleLimits) {
    this.#limits = limits;
  }

  /** Milliseconds that `name` must still wait; 0: it may try. */
  waitOf(name: string, now: number): number {
    const failures = this.#failures.get(name);
    if (!failures || now - failures.last > this.#limits.memory) return 0;
    const over = failures.count - this.#limits.free;
    if (over < 0) return 0;
    const wait = Math.min(this.#limits.first * 2 ** Math.min(over, 30), this.#limits.most);
    return Math.max(0, failures.last + wait - now);
  }

  /** The failures of `name` that are remembered. */
  failuresOf(name: string, now: number): number {
    const failures = this.#failures.get(name);
    return failures && now - failures.last <= this.#limits.memory ? failures.count : 0;
  }

  failed(name: string, now: number): void {
    const before = this.#failures.get(name);
    const count = before && now - before.last <= this.#limits.memory ? before.count + 1 : 1;
    this.#failures.delete(name);
    this.#failures.set(name, { count, last: now });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > this.#limits.names && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** Forgets half of the failures: a client with one password may still be guessing another. */
  succeeded(name: string): void {
    const failures = this.#failures.get(name);
    if (!failures) return;
    failures.count = Math.floor(failures.count / 2);
    if (failures.count === 0) this.#failures.delete(name);
  }
}
