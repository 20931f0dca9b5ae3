import { securityLimits } from '../limits/limits.ts';
import type { SecurityKind } from './security-kinds.ts';

/** An action, its peer and its result. */
export interface SecurityFact {
  readonly kind: SecurityKind;
  /** Name of the peer, as in events and records. */
  readonly who: string;
  /** IP address; '' for local peers. */
  readonly from: string;
  readonly what: string;
  /** `ok`, or the code of an error. */
  readonly result: string;
  /** The peer whose share it uses. */
  readonly peer: string;
}

/** Equal facts, merged. Times are milliseconds since 1970. */
export interface SecurityEvent extends SecurityFact {
  readonly sequence: number;
  readonly time: number;
  /** Time of the newest one. */
  last: number;
  count: number;
}

/**
 * The newest security events, with a share for each kind and, within it, for each peer: no peer can displace the events
 * of others. Equal facts in a short time are merged into one event. It holds values only; the caller
 * passes the time.
 */
export class SecurityRing {
  /** Oldest first, as in each list below. */
  readonly #events = new Set<SecurityEvent>();
  readonly #kinds = new Map<SecurityKind, Map<string, SecurityEvent[]>>();
  /** The newest event of each fact. */
  readonly #newest = new Map<string, SecurityEvent>();
  #last = 0;
  #dropped = 0;

  /** Number of dropped events. */
  get dropped(): number {
    return this.#dropped;
  }

  held(): readonly SecurityEvent[] {
    return [...this.#events];
  }

  /** The event of a fact: a new one with count 1, or an existing one. */
  add(fact: SecurityFact, now: number): SecurityEvent {
    const key = keyOf(fact);
    const like = this.#newest.get(key);
    if (like && now - like.time < securityLimits.foldTime && now >= like.time) {
      like.count += 1;
      like.last = now;
      return like;
    }
    this.#last += 1;
    const event = { ...fact, sequence: this.#last, time: now, last: now, count: 1 };
    const own = this.#listOf(fact);
    own.push(event);
    this.#events.add(event);
    this.#newest.set(key, event);
    const { events, eventsOfPeer } = securityLimits;
    if (own.length > eventsOfPeer) this.#dropOldest(own);
    if (this.#events.size > events) this.#dropOldest(this.#longestList());
    return event;
  }

  #listOf({ kind, peer }: SecurityFact): SecurityEvent[] {
    const peers = this.#kinds.get(kind) ?? new Map<string, SecurityEvent[]>();
    this.#kinds.set(kind, peers);
    const list = peers.get(peer) ?? [];
    peers.set(peer, list);
    return list;
  }

  /** An event of the peer with the most events of the most frequent kind. */
  #longestList(): SecurityEvent[] {
    const sizeOf = (peers: Map<string, SecurityEvent[]>) =>
      [...peers.values()].reduce((sum, { length }) => sum + length, 0);
    const most = largest([...this.#kinds.values()], sizeOf);
    return largest([...(most?.values() ?? [])], ({ length }) => length) ?? [];
  }

  #dropOldest(list: SecurityEvent[]): void {
    const event = list.shift();
    if (!event) return;
    if (list.length === 0) this.#kinds.get(event.kind)?.delete(event.peer);
    this.#events.delete(event);
    this.#dropped += event.count;
    const key = keyOf(event);
    if (this.#newest.get(key) === event) this.#newest.delete(key);
  }
}

function keyOf({ kind, who, from, what, result, peer }: SecurityFact): string {
  return [kind, peer, who, from, what, result].join('\0');
}

/** The first one among equally large ones. */
function largest<T>(values: readonly T[], sizeOf: (value: T) => number): T | undefined {
  let most = 0;
  let found: T | undefined;
  for (const value of values) {
    const size = sizeOf(value);
    if (size <= most) continue;
    most = size;
    found = value;
  }
  return found;
}
