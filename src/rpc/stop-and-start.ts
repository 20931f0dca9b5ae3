/** Pure. */
import { toFailure } from '../system/errors/errors.ts';
import type { MonitorClient } from './client/monitor-client.ts';
import type { OperationReport } from './umlmonctrl.gen.ts';

/** What a restart came to. */
export interface StoppedAndStarted {
  /** Null if the VM was down. */
  readonly stopped: OperationReport | null;
  /** The number of the first event of the start, or of one after the stop. */
  readonly since: number;
  readonly started: OperationReport;
}

/**
 * Stops a guest in order, and starts it; one that is down is started. Errors: those of stop and start.
 *
 * @param stopMs milliseconds for the orderly stop; 0: stop_timeout of the configuration
 */
export async function stopAndStart(
  client: MonitorClient,
  stopMs: number,
  signal?: AbortSignal,
): Promise<StoppedAndStarted> {
  const stopped = await stopIfUp(client, stopMs, signal);
  const { eventsNext: since } = await client.call('info', undefined, signal);
  return { stopped, since, started: await client.call('start', undefined, signal) };
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

/** A line for people. */
export function stoppedAndStartedText({ stopped, started }: Omit<StoppedAndStarted, 'since'>): string {
  return `${stopped?.summary ?? 'it was down'}; ${started.summary}`;
}
