import { webShares } from '../../system/limits/limits.ts';
import type { Log } from '../../system/logs/log.ts';

const minute = 60_000;

/** Logs refusals, at a rate that a reader can follow. */
export class RefusalLog {
  readonly #log: Log;
  #began = 0;
  #lines = 0;
  #unsaid = 0;
  /** Address → lines. */
  readonly #byAddress = new Map<unknown, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  add(facts: Readonly<Record<string, unknown>>, text: string, now = performance.now()): void {
    if (now - this.#began > minute) {
      if (this.#unsaid > 0)
        this.#log.warn({ refusals: this.#unsaid }, 'more refusals, not logged one by one');
      this.#began = now;
      this.#lines = 0;
      this.#byAddress.clear();
      this.#unsaid = 0;
    }
    const own = (this.#byAddress.get(facts.address) ?? 0) + 1;
    if (own > webShares.refusalLines.perPeer || this.#lines >= webShares.refusalLines.total) {
      this.#unsaid += 1;
      return;
    }
    this.#lines += 1;
    this.#byAddress.set(facts.address, own);
    this.#log.warn(facts, text);
  }
}
