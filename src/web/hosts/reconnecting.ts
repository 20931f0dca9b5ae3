import { setTimeout as delay } from 'node:timers/promises';
import { webLimits } from '../../system/limits/limits.ts';

export interface Served<C extends { close(): void }> {
  readonly connect: () => Promise<C>;
  /** Until the connection ends, which throws. */
  readonly serve: (client: C) => Promise<void>;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Does something over a connection, and over a new one when it has ended, until the signal. */
export async function keepServing<C extends { close(): void }>(served: Served<C>): Promise<void> {
  const { connect, serve, onError, signal } = served;
  while (!signal.aborted) {
    try {
      const client = await connect();
      const close = () => client.close();
      signal.addEventListener('abort', close);
      try {
        if (!signal.aborted) await serve(client);
      } finally {
        signal.removeEventListener('abort', close);
        client.close();
      }
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
    }
    await delay(webLimits.retryTime, undefined, { signal }).catch(() => undefined);
  }
}
