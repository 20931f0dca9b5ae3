import { securityLimits } from '../limits/limits.ts';
import { printable } from '../text.ts';
import { LineBudget } from './line-budget.ts';
import type { SecurityKind } from './security-kinds.ts';
import { type SecurityEvent, type SecurityFact, SecurityRing } from './security-ring.ts';

/** What a caller of `record` has to say; `from` is '' and `peer` is `from` or `who`, where they are left out. */
export type SecurityRecord = Pick<SecurityFact, 'kind' | 'who' | 'what' | 'result'> &
  Partial<Pick<SecurityFact, 'from' | 'peer'>>;

/** Where lines go: a file that rotates. Must not throw. */
export interface LineSink {
  write(line: string): void;
}

/**
 * What concerns the security of a program: who came in, who was refused, who did what. Held in a ring of its own, and written
 * to a log of its own, a JSON document per line: time, seq, kind, who, from, what, result, and count where some are told as
 * one. Texts may be anybody's; they are made printable here.
 */
export class SecurityLog {
  readonly #ring = new SecurityRing();
  readonly #budget = new LineBudget();
  readonly #sink: LineSink | undefined;
  readonly #now: () => number;
  readonly #elapsed: () => number;
  /** Events whose line is written, and that have happened again since. */
  readonly #again = new Map<SecurityEvent, number>();
  /** Events that the log did not take, by their kind. */
  readonly #unsaid = new Map<SecurityKind, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param now the wall clock; another one, of a test, is that of the shares too */
  constructor(sink?: LineSink, now?: () => number) {
    this.#sink = sink;
    this.#now = now ?? Date.now;
    this.#elapsed = now ?? (() => performance.now());
  }

  /** From the oldest to the newest. */
  held(): readonly SecurityEvent[] {
    return this.#ring.held();
  }

  /** How many are not held any more. */
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
    // What is told together is so once a minute, while there is something: who is not bothered sleeps.
    if (this.#again.size + this.#unsaid.size > 0)
      this.#timer ??= setTimeout(() => this.#tellRest(), securityLimits.foldTime).unref();
  }

  /** What is left to tell is told. */
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
