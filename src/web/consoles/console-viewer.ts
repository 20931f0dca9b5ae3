import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { consoleLimits, webLimits } from '../../system/limits/limits.ts';
import type { Typist } from './typed-input.ts';

export interface ConsoleRequested {
  readonly connect: () => Promise<MonitorClient>;
  readonly channel: string;
  /** The monitor and the offset up to which the page has the output; none for a new page. */
  readonly from?: { readonly monitor: string; readonly offset: number };
}

/** A viewer at a console, and the offset where its page continues. */
export interface ConsoleViewer {
  readonly client: MonitorClient;
  readonly id: number;
  readonly channel: string;
  /** Offsets are those of this monitor. */
  readonly monitor: string;
  readonly offset: number;
  /** What draws the screen as it is at the offset; undefined for a page that has one. */
  readonly screen: { readonly columns: number; readonly rows: number; readonly data: Uint8Array } | undefined;
  /** The controller, if it is another viewer; otherwise empty. */
  readonly writer: string;
  readonly eventsNext: number;
}

/**
 * Attaches a viewer: at the offset of the page, or with the screen if it is new or was disconnected for too long. Errors:
 * MONITOR_UNREACHABLE, CONSOLE_*.
 */
export async function addViewer(wanted: ConsoleRequested, { hasControl }: Typist): Promise<ConsoleViewer> {
  const { connect, channel, from } = wanted;
  const client = await connect();
  try {
    const { monitorPid, eventsNext } = await client.call('info', undefined);
    const { id, oldest, next } = await client.call('consoleAttach', { channel, columns: 0, rows: 0 });
    // It keeps control: its previous viewer may still be attached.
    if (hasControl) await client.call('consoleControl', { id, action: 'take' });
    const { viewers } = await client.call('consoleWho', channel);
    const writer = viewers.find((viewer) => viewer.controls && viewer.id !== id)?.by ?? '';
    const viewer = { client, id, channel, monitor: String(monitorPid), writer, eventsNext };
    if (from?.monitor === viewer.monitor && from.offset >= oldest && from.offset <= next)
      return { ...viewer, offset: from.offset, screen: undefined };
    const { offset, columns, rows, data } = await client.call('consoleReplay', {
      channel,
      history: webLimits.historyLines,
    });
    // A monitor of another host can send any size, and a browser would create it.
    const { screenColumns, screenRows } = consoleLimits;
    const size = { columns: Math.min(columns, screenColumns), rows: Math.min(rows, screenRows) };
    return { ...viewer, offset, screen: { ...size, data } };
  } catch (error) {
    client.close();
    throw error;
  }
}
