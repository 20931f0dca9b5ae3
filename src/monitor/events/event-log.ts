import { type Event, type EventList, UMLMON_WAIT_MAX } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits, monitorShares } from '../../system/limits/limits.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';
import { refusalText, type SharePeer, Shares } from '../../system/sharing/shares.ts';
import { Waiters } from '../../system/waiters.ts';
import { type EventKind, eventCauses } from './kinds.ts';
import { sourceOf } from './source.ts';

const { eventsKept, eventsOfClients, eventsOfGuest } = monitorLimits;

/** The numbers of the events of one cause. The oldest event of the source with the most events is replaced. */
function room(total: number): FairTable<number> {
  return new FairTable({ total, perPeer: total, reserve: 0 }, { atShare: 'replace', atFull: 'replace' });
}

/**
 * The events of one monitor, numbered without gaps. The newest events of each source are held, so that no client and no
 * guest displaces events of others. A read from before the oldest event fails with EVENTS_LOST.
 */
export class EventLog {
  readonly #vm: string;
  /** By number, in that order. */
  readonly #events = new Map<number, Event>();
  readonly #rooms = {
    vm: room(eventsKept - eventsOfClients - eventsOfGuest),
    guest: room(eventsOfGuest),
    client: room(eventsOfClients),
  };
  readonly #waiting = new Waiters();
  readonly #listeners = new Shares(monitorShares.eventListeners);
  readonly #onEvent: (event: Event) => void;
  #next = 1;

  /** @param onEvent called at once with every event */
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
    this.#events.set(event.sequence, event);
    const source = { key: sourceOf(kind, attributes), isOwner: false };
    const kept = this.#rooms[eventCauses[kind]].add(source, event.sequence);
    if ('victim' in kept && kept.victim !== undefined) this.#events.delete(kept.victim);
    this.#next += 1;
    this.#onEvent(event);
    this.#waiting.wake();
  }

  /** All events that are held. */
  held(): readonly Event[] {
    return [...this.#events.values()];
  }

  /**
   * Up to `max` events from number `since` on (0 = from now on), waiting up to `waitMs` for the first one; and the number
   * of the next read. A missing number belonged to a source with more events than others. Errors: EVENTS_LOST,
   * EVENTS_LISTENERS.
   */
  async read(
    since: number,
    max: number,
    waitMs: number,
    { peer, signal }: { readonly peer: SharePeer; readonly signal: AbortSignal },
  ): Promise<EventList> {
    const from = since === 0 ? this.#next : since;
    this.#assertHeld(from);
    if (from === this.#next && waitMs > 0) {
      await this.#wait(Math.min(waitMs, UMLMON_WAIT_MAX), peer, signal);
      this.#assertHeld(from);
    }
    const most = Math.min(max, monitorLimits.eventsPerRead);
    const events: Event[] = [];
    for (const event of this.#events.values()) {
      if (event.sequence < from) continue;
      if (events.length >= most) return { events, next: event.sequence };
      events.push(event);
    }
    return { events, next: this.#next };
  }

  #assertHeld(sequence: number): void {
    const [oldest = this.#next] = this.#events.keys();
    if (sequence >= oldest && sequence <= this.#next) return;
    throw new UmlmonError('EVENTS_LOST', {
      place: this.#vm,
      cause: `event ${sequence} is not held: the monitor has ${oldest} to ${this.#next - 1}`,
      hint: `ask again from ${oldest}, or from 0 for new events only`,
    });
  }

  #wait(waitMs: number, peer: SharePeer, signal: AbortSignal): Promise<void> {
    const release = this.#listeners.take(peer);
    if (typeof release !== 'function')
      throw new UmlmonError('EVENTS_LISTENERS', {
        place: this.#vm,
        cause: refusalText(release, 'calls that may wait for events'),
        hint: 'end some of them, or ask again without waiting',
      });
    return this.#waiting.wait(waitMs, signal).finally(release);
  }
}
