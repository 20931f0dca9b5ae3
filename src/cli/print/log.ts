import { StringDecoder } from 'node:string_decoder';
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { clientLimits } from '../../system/limits/limits.ts';
import { LogText } from './log-text.ts';
import { print, write } from './output.ts';

/** Milliseconds that one call waits for more of the log. */
const waitMs = clientLimits.callWait;
/** Bytes asked for in one read; the protocol's maximum. */
const readBytes = 65536;

export interface LogRequest {
  /** Go on as the log grows, over rotations. */
  readonly follow: boolean;
  /** Pieces as `{"channel","offset","text"}`; `offset` counts bytes, from byte 0 of the log. */
  readonly json: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Prints a channel's log from its oldest byte to the end that it has now. Errors: CONSOLE_UNKNOWN, CONSOLE_NOT_LOGGED. */
export async function printLog(client: MonitorClient, channel: string, request: LogRequest): Promise<void> {
  const { follow, json, signal } = request;
  // Reads end anywhere, also within a character.
  const decoder = new StringDecoder('utf8');
  // A pipe or file gets the log byte by byte, a terminal only what cannot harm it.
  const shown = process.stdout.isTTY && !json ? new LogText() : undefined;
  const printText = (offset: number, text: string) =>
    text ? print(JSON.stringify({ channel, offset, text })) : undefined;
  let offset = 0;
  let end: number | undefined;
  for (;;) {
    const call = { channel, offset, max: readBytes, waitMs: follow ? waitMs : 0 };
    const bytes = await client.call('logRead', call, signal);
    end ??= bytes.end;
    if (bytes.offset > offset && offset > 0)
      process.stderr.write(`[${bytes.offset - offset} bytes of the log are gone]\n`);
    if (json) await printText(bytes.offset, decoder.write(Buffer.from(bytes.data)));
    else if (shown) await write(shown.take(decoder.write(Buffer.from(bytes.data))));
    else if (bytes.data.length > 0) await write(bytes.data);
    offset = bytes.offset + bytes.data.length;
    if (!follow && (offset >= end || bytes.data.length === 0)) break;
  }
  if (json) await printText(offset, decoder.end());
  else if (shown) await write(shown.take(decoder.end()) + shown.end());
}
