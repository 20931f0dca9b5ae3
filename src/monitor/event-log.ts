import { type Event, type EventList, UMLMON_WAIT_MAX } from '../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../system/errors.ts';
import { monitorLimits } from '../system/limits.ts';
import type { EventKind } from './event-kinds.ts';

/**
 * The events of one monitor, numbered without gaps. The newest ones are kept for listeners that come late; who
 * asks for older ones is told that they are lost.
 */
export class EventLog {
  readonly #vm: string;
  readonly #events: Event[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #onEvent: (event: Event) => void;
  #next = 1;

  /** `onEvent` sees every event at once; the monitor's own log does. */
  constructor(vm: string, onEvent: (event: Event) => void) {
    this.#vm = vm;
    this.#onEvent = onEvent;
  }

  get next(): number {
    return this.#next;
  }

  publish(kind: EventKind, text: string, attributes: Record<string, string | number> = {}): void {
    const event: Event = {
      sequence: this.#next,
      time: Date.now(),
      kind,
      text: text.slice(0, monitorLimits.eventText),
      attributes: Object.entries(attributes).map(([name, value]) => ({
        name,
        value: String(value).slice(0, monitorLimits.eventText),
      })),
    };
    this.#events.push(event);
    this.#next += 1;
    if (this.#events.length > monitorLimits.eventsKept) this.#events.shift();
    this.#onEvent(event);
    for (const wake of [...this.#waiting]) wake();
  }

  /** All events that are held. */
  held(): readonly Event[] {
    return [...this.#events];
  }

  /**
   * Up to `max` events from number `since` on (0 = from now on), waiting up to `waitMs` for the first one; and the number
   * to go on with. Errors: EVENTS_LOST, EVENTS_LISTENERS.
   */
  async read(since: number, max: number, waitMs: number, signal: AbortSignal): Promise<EventList> {
    const from = since === 0 ? this.#next : since;
    this.#assertHeld(from);
    if (from === this.#next && waitMs > 0) {
      await this.#wait(Math.min(waitMs, UMLMON_WAIT_MAX), signal);
      this.#assertHeld(from);
    }
    const start = this.#events.length - (this.#next - from);
    const events = this.#events.slice(start, start + Math.min(max, monitorLimits.eventsPerRead));
    return { events, next: from + events.length };
  }

  #assertHeld(sequence: number): void {
    const oldest = this.#next - this.#events.length;
    if (sequence >= oldest && sequence <= this.#next) return;
    throw new UmlmonError('EVENTS_LOST', {
      place: this.#vm,
      cause: `event ${sequence} is not held: the monitor has ${oldest} to ${this.#next - 1}`,
      hint: `ask again from ${oldest}, or from 0 for new events only`,
    });
  }

  #wait(waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= monitorLimits.eventListeners)
      throw new UmlmonError('EVENTS_LISTENERS', {
        place: this.#vm,
        cause: `${monitorLimits.eventListeners} listeners wait for events already`,
      });
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      signal.addEventListener('abort', wake);
      this.#waiting.add(wake);
    });
  }
}
