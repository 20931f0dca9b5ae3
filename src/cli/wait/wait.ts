import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { clientLimits } from '../../system/limits/limits.ts';
import type { WaitLevel } from '../commands/argument-kinds.ts';
import { type LeavingRun, untilNextRun } from './next-run.ts';
import { outcomeNow, outcomeOfEvents, type Reached } from './wait-outcome.ts';

/** Milliseconds that one call waits for events. */
const callMs = clientLimits.callWait;
/** Milliseconds until a level of readiness must be reached, by default. */
const levelMs = clientLimits.levelWait;

export interface WaitRequest {
  readonly vm: string;
  readonly level: WaitLevel;
  /** Undefined: the usual time for levels, no end for `stopped`. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** The number of the first event that counts, if others than those to come do. */
  readonly since?: number;
  /** A run that ends: what it has reached does not count. */
  readonly after?: LeavingRun | undefined;
}

/**
 * Waits until a VM has reached a level, or is stopped. Nothing is missed: INFO has the number of the next event, and
 * events of the VM itself are not dropped for events of other VMs. Errors: WAIT_*, EVENTS_*, MONITOR_UNREACHABLE.
 */
export async function waitFor(client: MonitorClient, request: WaitRequest): Promise<Reached> {
  const { vm, level, signal } = request;
  const timeoutMs = request.timeoutMs ?? (level === 'stopped' ? Number.POSITIVE_INFINITY : levelMs);
  const deadline = performance.now() + timeoutMs;
  const { after } = request;
  const begun =
    after && level !== 'stopped' ? await untilNextRun(client, vm, after, deadline, signal) : request.since;
  if (after && level !== 'stopped' && begun === undefined) throw timeoutError(vm, level, timeoutMs);
  const info = await client.call('info', undefined, signal);
  const now = outcomeNow(level, info);
  if (now) return now;
  const outcomeOf = outcomeOfEvents(vm, level);
  let since = begun ?? info.eventsNext;
  for (;;) {
    const leftMs = Math.max(0, Math.ceil(deadline - performance.now()));
    const list = await client.call('events', { since, max: 64, waitMs: Math.min(leftMs, callMs) }, signal);
    for (const event of list.events) {
      const reached = outcomeOf(event);
      if (reached) return reached;
    }
    since = list.next;
    if (leftMs === 0 && list.events.length === 0) throw timeoutError(vm, level, timeoutMs);
  }
}

function timeoutError(vm: string, level: WaitLevel, timeoutMs: number): UmlmonError {
  return new UmlmonError('WAIT_TIMEOUT', {
    place: vm,
    cause: `${level} was not reached within ${timeoutMs / 1000} s`,
    hint: `umlwatch ${vm} -info -log con0`,
  });
}
