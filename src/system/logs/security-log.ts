import { securityLimits } from '../limits/limits.ts';
import { printable } from '../text.ts';
import { LineBudget } from './line-budget.ts';
import type { SecurityKind } from './security-kinds.ts';
import { type SecurityEvent, type SecurityFact, SecurityRing } from './security-ring.ts';

/** A record; the defaults are '' for `from`, and `from` or else `who` for `peer`. */
export type SecurityRecord = Pick<SecurityFact, 'kind' | 'who' | 'what' | 'result'> &
  Partial<Pick<SecurityFact, 'from' | 'peer'>>;

/** Destination of lines: a rotated file. Must not throw. */
export interface LineSink {
  write(line: string): void;
}

/**
 * Security events of a program: logins, refusals, actions. They are held in a separate ring and written
 * to a separate log, one JSON document per line. Its fields are time, seq, kind, who, from, what, result, and count for merged
 * events. Texts may come from any peer; they are escaped here.
 */
export class SecurityLog {
  readonly #ring = new SecurityRing();
  readonly #budget = new LineBudget();
  readonly #sink: LineSink | undefined;
  readonly #now: () => number;
  readonly #elapsed: () => number;
  /** Events that occurred again after their line was written. */
  readonly #again = new Map<SecurityEvent, number>();
  /** Number of omitted lines by kind. */
  readonly #unsaid = new Map<SecurityKind, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param now the wall clock; tests pass another one, which the shares use too */
  constructor(sink?: LineSink, now?: () => number) {
    this.#sink = sink;
    this.#now = now ?? Date.now;
    this.#elapsed = now ?? (() => performance.now());
  }

  /** From oldest to newest. */
  held(): readonly SecurityEvent[] {
    return this.#ring.held();
  }

  /** Number of dropped events. */
  get dropped(): number {
    return this.#ring.dropped;
  }

  record({ kind, who, from = '', what, result, peer = from || who }: SecurityRecord): void {
    const [shownWho, shownWhat] = [clean(who), clean(what)];
    const fact = {
      kind,
      who: shownWho,
      from: clean(from, 64),
      what: shownWhat,
      result: clean(result, 64),
      peer,
    };
    const event = this.#ring.add(fact, this.#now());
    if (event.count > 1) this.#again.set(event, (this.#again.get(event) ?? 0) + 1);
    else if (this.#budget.take(kind, peer, this.#elapsed())) this.#write(event, 1);
    else this.#unsaid.set(kind, (this.#unsaid.get(kind) ?? 0) + 1);
    // Merged lines are written once a minute, and the timer runs only while there are any.
    if (this.#again.size + this.#unsaid.size > 0)
      this.#timer ??= setTimeout(() => this.#tellRest(), securityLimits.foldTime).unref();
  }

  /** Writes the pending lines. */
  close(): void {
    this.#tellRest();
  }

  #tellRest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = this.#now();
    for (const [event, count] of this.#again) {
      if (this.#budget.take(event.kind, event.peer, this.#elapsed()))
        this.#write({ ...event, time: event.last }, count);
      else this.#unsaid.set(event.kind, (this.#unsaid.get(event.kind) ?? 0) + count);
    }
    this.#again.clear();
    for (const [kind, count] of this.#unsaid) this.#writeUnsaid(kind, count, now);
    this.#unsaid.clear();
  }

  #writeUnsaid(kind: SecurityKind, count: number, time: number): void {
    this.#write({ kind: 'unlogged', who: '', from: '', what: kind, result: '', sequence: 0, time }, count);
  }

  #write(
    { time, sequence, kind, who, from, what, result }: Omit<SecurityEvent, 'last' | 'count' | 'peer'>,
    count: number,
  ): void {
    const line = { time, seq: sequence, kind, who, from, what, result, ...(count > 1 ? { count } : {}) };
    this.#sink?.write(`${JSON.stringify(line)}\n`);
  }
}

function clean(text: string, max: number = securityLimits.text): string {
  return printable(text, max);
}
