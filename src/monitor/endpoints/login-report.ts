import { remoteLimits } from '../../system/limits/limits.ts';
import type { EventLog } from '../events/event-log.ts';

/** Reports refused logins: the first one at once, and the number of the following ones once per interval. */
export class LoginReport {
  readonly #events: Pick<EventLog, 'publish'>;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  #last = '';

  constructor(events: Pick<EventLog, 'publish'>) {
    this.#events = events;
  }

  refused(address: string, why: string): void {
    this.#count += 1;
    this.#last = `${address}: ${why}`;
    if (!this.#timer) this.#tell(address);
  }

  close(): void {
    clearTimeout(this.#timer);
    if (this.#count > 0) this.#publish('');
  }

  #tell(address: string): void {
    this.#publish(address);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // Repeats only while there are refusals: an idle monitor has no timer.
      if (this.#count > 0) this.#tell('');
    }, remoteLimits.refusalInterval);
  }

  #publish(address: string): void {
    const count = this.#count;
    const text =
      count === 1
        ? `a login was refused; ${this.#last}`
        : `${count} logins were refused; the last one: ${this.#last}`;
    this.#count = 0;
    this.#events.publish('login-refused', text, { count, ...(address ? { address } : {}) });
  }
}
