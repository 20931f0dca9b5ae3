import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import type { ScreenReplay } from '../../rpc/umlmonctrl.gen.ts';
import { toFailure } from '../../system/errors/errors.ts';
import type { SessionTerminal } from './session-terminal.ts';

/** The screen of a channel as its monitor knows it; undefined, with a message, if it does not. Errors: MONITOR_UNREACHABLE. */
export async function askForScreen(
  client: MonitorClient,
  channel: string,
  terminal: SessionTerminal,
): Promise<ScreenReplay | undefined> {
  try {
    return await client.call('consoleReplay', { channel, history: 0 });
  } catch (error) {
    const { code, cause } = toFailure(error);
    if (code !== 'CONSOLE_SCREEN') throw error;
    terminal.message(`the screen is not known: ${cause}`);
    return undefined;
  }
}

/**
 * What draws a screen on a user's terminal.
 *
 * @param isFirst what was on the terminal before goes into its scroll-back; else it is overwritten
 */
export function paintingOf({ data }: ScreenReplay, rows: number, isFirst: boolean): Buffer {
  const begin = isFirst ? `${'\r\n'.repeat(rows)}\x1b[H` : '\x1b[H\x1b[2J';
  return Buffer.concat([Buffer.from(begin), data]);
}
