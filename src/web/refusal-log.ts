import { webLimits } from '../system/limits.ts';
import type { Log } from '../system/log.ts';

const minute = 60_000;

/** Logs what was refused, but no more of it than a person reads. */
export class RefusalLog {
  readonly #log: Log;
  #began = 0;
  #lines = 0;
  #unsaid = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  add(facts: Readonly<Record<string, unknown>>, text: string, now = Date.now()): void {
    if (now - this.#began > minute) {
      if (this.#unsaid > 0) this.#log.warn({ refusals: this.#unsaid }, 'refusals that are not in the log');
      this.#began = now;
      this.#lines = 0;
      this.#unsaid = 0;
    }
    this.#lines += 1;
    if (this.#lines > webLimits.refusalLines) this.#unsaid += 1;
    else this.#log.warn(facts, text);
  }
}
