import type { MonitorClient } from '../rpc/monitor-client.ts';
import type { OperationReport } from '../rpc/umlmonctrl.gen.ts';
import { toFailure } from '../system/errors.ts';
import type { WaitLevel } from './arguments.ts';
import { waitFor } from './wait.ts';
import type { Reached } from './wait-outcome.ts';

export interface RestartRequest {
  readonly vm: string;
  /** Milliseconds for the orderly stop; 0: stop_timeout of the configuration. */
  readonly stopMs: number;
  /** What is waited for after the start; undefined: that the kernel runs. */
  readonly level: WaitLevel | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface Restarted {
  /** Null if the VM was down. */
  readonly stopped: OperationReport | null;
  readonly started: OperationReport;
  /** Null if nothing was waited for. */
  readonly reached: Reached | null;
}

/** Stops a guest in order, and starts it; one that is down is started. Errors: those of stop, start and waitFor. */
export async function restartGuest(
  client: MonitorClient,
  { vm, stopMs, level, signal }: RestartRequest,
): Promise<Restarted> {
  const stopped = await stopIfUp(client, stopMs, signal);
  const { eventsNext: since } = await client.call('info', undefined, signal);
  const started = await client.call('start', undefined, signal);
  const reached =
    level === undefined ? null : await waitFor(client, { vm, level, timeoutMs: undefined, signal, since });
  return { stopped, started, reached };
}

async function stopIfUp(
  client: MonitorClient,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<OperationReport | null> {
  const { state } = await client.call('info', undefined, signal);
  if (state === 'down') return null;
  try {
    return await client.call('stop', { timeoutMs }, signal);
  } catch (error) {
    // It has ended by itself meanwhile.
    const now = await client.call('info', undefined, signal);
    if (toFailure(error).code === 'STATE_WRONG' && now.state === 'down') return null;
    throw error;
  }
}

/** For people: what came of it. */
export function restartText({ stopped, started, reached }: Restarted): string {
  const what =
    reached === null
      ? ''
      : reached.level === 'down'
        ? '; down'
        : `; ${reached.level}, after ${reached.elapsedMs} ms`;
  return `${stopped?.summary ?? 'it was down'}; ${started.summary}${what}`;
}
