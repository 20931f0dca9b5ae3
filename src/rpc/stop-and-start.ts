/** Pure. */
import { toFailure } from '../system/errors/errors.ts';
import type { MonitorClient } from './client/monitor-client.ts';
import type { OperationReport } from './umlmonctrl.gen.ts';

/** The result of a restart. */
export interface StoppedAndStarted {
  /** Null if the VM was stopped. */
  readonly stopped: OperationReport | null;
  /** The number of the first event of the start, or of a later one. */
  readonly since: number;
  readonly started: OperationReport;
}

/**
 * Shuts a guest down and starts it again; a stopped one is only started. Errors: those of stop and start.
 *
 * @param stopMs milliseconds for the clean shutdown; 0: stop_timeout of the configuration
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
  if (state === 'stopped') return null;
  try {
    return await client.call('stop', { timeoutMs }, signal);
  } catch (error) {
    // The guest has ended by itself in the meantime.
    const now = await client.call('info', undefined, signal);
    if (toFailure(error).code === 'STATE_WRONG' && now.state === 'stopped') return null;
    throw error;
  }
}

/** One line of text. */
export function stoppedAndStartedText({ stopped, started }: Omit<StoppedAndStarted, 'since'>): string {
  return `${stopped?.summary ?? 'it was stopped'}; ${started.summary}`;
}
