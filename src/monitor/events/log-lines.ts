import type { Event } from '../../rpc/umlmonctrl.gen.ts';
import { monitorShares } from '../../system/limits/limits.ts';
import { LineShares } from '../../system/logs/line-shares.ts';
import type { Log } from '../../system/logs/log.ts';
import { type EventKind, eventCauses, levelOf } from './kinds.ts';
import { sourceOf } from './source.ts';

const { total: logLines, perPeer: ofOne } = monitorShares.logLines;
const all = { atOnce: logLines, perMinute: logLines / 10 };
const perPeer = { atOnce: ofOne, perMinute: ofOne / 10 };

/** Writes events to the log of the monitor, of no client and of no guest so many that those of others are rotated away. */
export class EventLines {
  readonly #log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly #ofOthers = new LineShares({ table: 'monitor.logLines', perPeer, all, peers: logLines });
  /** Events of the VM are limited by kind: a client may start and kill it all the time. */
  readonly #ofVm = new LineShares({
    table: 'monitor.logLines',
    perPeer: all,
    all: { atOnce: 10 * logLines, perMinute: 10 * all.perMinute },
    peers: logLines,
  });

  constructor(log: Pick<Log, 'info' | 'warn' | 'error'>) {
    this.#log = log;
  }

  write({ kind, text }: Event, details: Readonly<Record<string, string>>): void {
    // Published under one of these names.
    const known = kind as EventKind;
    const isOfVm = eventCauses[known] === 'vm';
    const lines = isOfVm ? this.#ofVm : this.#ofOthers;
    if (!lines.take(isOfVm ? kind : sourceOf(known, details))) return;
    this.#sayMissing();
    this.#log[levelOf(kind, details)]({ kind, ...details }, text);
  }

  /** A handler has failed: a client may have found out how to make it. */
  fault(failure: unknown, procedure: string): void {
    if (this.#ofOthers.take('faults')) this.#log.error(failure, `fault in ${procedure}`);
  }

  #sayMissing(): void {
    const missing = this.#ofOthers.takeUnsaid() + this.#ofVm.takeUnsaid();
    if (missing > 0) this.#log.warn({ missing }, `${missing} lines about events are not in this log`);
  }
}
