import { securityLimits } from './limits.ts';
import type { SecurityKind } from './security-kinds.ts';

/** What happened, by whom, and what came of it. */
export interface SecurityFact {
  readonly kind: SecurityKind;
  /** As events and records name somebody. */
  readonly who: string;
  /** IP address; '' for local peers. */
  readonly from: string;
  readonly what: string;
  /** `ok`, or the code of an error. */
  readonly result: string;
  /** Whose share it takes. */
  readonly peer: string;
}

/** Some alike facts. Times are milliseconds since 1970. */
export interface SecurityEvent extends SecurityFact {
  readonly sequence: number;
  readonly time: number;
  /** Of the newest of them. */
  last: number;
  count: number;
}

/**
 * The newest security events, with a share for each kind and, within it, for each peer: nobody can wash out what others did
 * with what he does himself. Facts that are alike and come soon after each other are one event. Holds values only; the time is
 * the caller's.
 */
export class SecurityRing {
  /** The oldest first. */
  readonly #events = new Set<SecurityEvent>();
  /** The newest event of each fact. */
  readonly #newest = new Map<string, SecurityEvent>();
  #last = 0;
  #dropped = 0;

  /** How many are gone. */
  get dropped(): number {
    return this.#dropped;
  }

  held(): readonly SecurityEvent[] {
    return [...this.#events];
  }

  /** The event that a fact is told by: a new one, whose count is 1, or one that there is. */
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
    this.#events.add(event);
    this.#newest.set(key, event);
    const own = this.#of(({ kind, peer }) => kind === fact.kind && peer === fact.peer);
    if (own.length > securityLimits.eventsOfPeer) this.#drop(own[0]);
    if (this.#events.size > securityLimits.events) this.#drop(this.#victim());
    return event;
  }

  /** The oldest of the peer that has the most of the kind of which there are the most. */
  #victim(): SecurityEvent | undefined {
    const kind = mostFrequent(this.held().map((event) => event.kind));
    const ofKind = this.#of((event) => event.kind === kind);
    const peer = mostFrequent(ofKind.map((event) => event.peer));
    return ofKind.find((event) => event.peer === peer);
  }

  #of(isOne: (event: SecurityEvent) => boolean): SecurityEvent[] {
    return this.held().filter(isOne);
  }

  #drop(event: SecurityEvent | undefined): void {
    if (!event) return;
    this.#events.delete(event);
    this.#dropped += event.count;
    const key = keyOf(event);
    if (this.#newest.get(key) === event) this.#newest.delete(key);
  }
}

function keyOf({ kind, who, from, what, result, peer }: SecurityFact): string {
  return [kind, peer, who, from, what, result].join('\0');
}

/** Among those that are equally frequent, the first one. */
function mostFrequent<T>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0];
}
