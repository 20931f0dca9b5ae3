import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { stopAndStart, stoppedAndStartedText } from '../../rpc/stop-and-start.ts';
import type { OperationReport } from '../../rpc/umlmonctrl.gen.ts';
import type { WaitLevel } from '../commands/argument-kinds.ts';
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
  /** Null if the VM was stopped. */
  readonly stopped: OperationReport | null;
  readonly started: OperationReport;
  /** Null if nothing was waited for. */
  readonly reached: Reached | null;
}

/** Stops a guest in order, and starts it; one that is stopped is started. Errors: those of stop, start and waitFor. */
export async function restartGuest(
  client: MonitorClient,
  { vm, stopMs, level, signal }: RestartRequest,
): Promise<Restarted> {
  const { stopped, since, started } = await stopAndStart(client, stopMs, signal);
  const reached =
    level === undefined ? null : await waitFor(client, { vm, level, timeoutMs: undefined, signal, since });
  return { stopped, started, reached };
}

/** The result as text. */
export function restartText({ stopped, started, reached }: Restarted): string {
  const what =
    reached === null
      ? ''
      : reached.level === 'stopped'
        ? '; stopped'
        : `; ${reached.level}, after ${reached.elapsedMs} ms`;
  return `${stoppedAndStartedText({ stopped, started })}${what}`;
}
