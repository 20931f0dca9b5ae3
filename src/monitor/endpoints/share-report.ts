import { onRefusal, type ShareRefusal } from '../../system/errors/refusals.ts';
import { remoteLimits } from '../../system/limits/limits.ts';
import type { EventLog } from '../events/event-log.ts';

/** Reports refusals of peers over their share: the first one at once, and the following ones once per interval. */
export class ShareReport {
  readonly #events: Pick<EventLog, 'publish'>;
  readonly #leave: () => void;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  #last: ShareRefusal | undefined;

  constructor(events: Pick<EventLog, 'publish'>) {
    this.#events = events;
    this.#leave = onRefusal((refusal) => {
      this.#count += 1;
      this.#last = refusal;
      if (!this.#timer) this.#tell();
    });
  }

  close(): void {
    this.#leave();
    clearTimeout(this.#timer);
    this.#publish();
  }

  #tell(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // Repeats only while there are refusals: an idle monitor has no timer.
      if (this.#count > 0) this.#tell();
    }, remoteLimits.refusalInterval);
    this.#publish();
  }

  #publish(): void {
    const [count, last] = [this.#count, this.#last];
    this.#count = 0;
    if (count === 0 || !last) return;
    const { table, peer } = last;
    const text = `${peer} has its share of ${table}, or less than others, and was refused`;
    this.#events.publish('over-share', count === 1 ? text : `${count} refusals; the last one: ${text}`, {
      count,
      table,
      peer,
    });
  }
}
