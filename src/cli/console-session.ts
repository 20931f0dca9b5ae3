import type { MonitorClient } from './monitor-client.ts';
import { InputPump } from './input-pump.ts';
import { TerminalModes } from './terminal-modes.ts';

/** Bytes of the past that are shown at the beginning: about one screen. */
const replayBytes = 4096;
/** Bytes asked for in one read; the protocol's maximum. */
const readBytes = 65536;
/** How long one read waits for output before it is asked again. */
const waitMs = 30_000;
/** With a pipe as standard input: leave after its end, once the guest has been quiet for so long. */
const quietMs = 1_000;

export interface Escape {
  readonly byte: number;
  /** For people: `CTRL-]`. */
  readonly name: string;
}

export interface SessionTerminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly message: (text: string) => void;
}

/** Why a session ended. */
export type SessionEnd = 'left' | 'input ended' | 'console closed';

/**
 * A session on a console: raw terminal, window size passed on, the escape key leaves at any time. The user's
 * terminal is restored whatever happens, also when a signal ends the program.
 */
export async function runConsoleSession(
  client: MonitorClient,
  channel: string,
  escape: Escape,
  { input, output, message }: SessionTerminal,
): Promise<SessionEnd> {
  const interactive = input.isTTY === true && output.isTTY === true;
  const size = () => (interactive ? { columns: output.columns, rows: output.rows } : { columns: 0, rows: 0 });
  const seat = await client.call('consoleAttach', { channel, ...size() });
  const modes = new TerminalModes();
  const leave = new AbortController();
  const pump = new InputPump(
    input,
    (bytes) => client.call('consoleWrite', { id: seat.id, data: bytes.subarray(0, readBytes) }),
    interactive ? () => output.write('\x07') : undefined,
  );
  let inputEnded = false;
  let end = 'console closed' as SessionEnd;
  const finish = (reason: SessionEnd) => {
    end = reason;
    leave.abort();
  };

  const listeners = {
    data: (bytes: Buffer) => {
      const at = interactive ? bytes.indexOf(escape.byte) : -1;
      if (at !== 0) pump.push(at < 0 ? bytes : bytes.subarray(0, at));
      if (at >= 0) finish('left');
    },
    end: () => {
      inputEnded = true;
    },
  };
  const resize = () => {
    // Fails only with the connection, and then the read below says so.
    client.call('consoleResize', { id: seat.id, ...size() }).catch(() => undefined);
  };
  const restore = () => {
    if (!interactive) return;
    input.setRawMode(false);
    output.write(modes.restore());
  };
  const onSignal = (signal: NodeJS.Signals) => {
    restore();
    process.kill(process.pid, signal);
  };

  if (interactive) {
    message(`connected to ${channel}; ${escape.name} leaves`);
    input.setRawMode(true);
    output.on('resize', resize);
  }
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, onSignal);
  input.on('data', listeners.data).on('end', listeners.end).resume();
  try {
    let offset = Math.max(seat.oldest, seat.next - replayBytes);
    while (!leave.signal.aborted) {
      const request = { id: seat.id, offset, max: readBytes, waitMs: interactive ? waitMs : quietMs };
      const answer = await client.call('consoleRead', request, leave.signal);
      if (answer.offset > offset) message(`${answer.offset - offset} bytes skipped: this terminal is too slow`);
      if (answer.data.length > 0) {
        modes.watch(answer.data);
        await writeOut(output, answer.data);
      }
      offset = answer.offset + answer.data.length;
      if (answer.ended) finish('console closed');
      else if (inputEnded && answer.data.length === 0) {
        await pump.drained();
        finish('input ended');
      }
    }
  } catch (error) {
    if (!leave.signal.aborted) throw error;
  } finally {
    pump.stop();
    input.off('data', listeners.data).off('end', listeners.end).pause();
    output.off('resize', resize);
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.off(signal, onSignal);
    restore();
    // The seat ends with the connection anyway.
    await client.call('consoleDetach', seat.id).catch(() => undefined);
  }
  if (interactive) message(`${end}: ${channel}`);
  return end;
}

function writeOut(output: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
