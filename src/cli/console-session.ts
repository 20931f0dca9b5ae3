import type { MonitorClient } from '../rpc/monitor-client.ts';
import type { Attachment } from '../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../system/errors.ts';
import { type EscapeKey, findEscape } from './escape-key.ts';
import { InputPump } from './input-pump.ts';
import { cleanReplay } from './replay.ts';
import { SessionTerminal } from './session-terminal.ts';
import { type StateChange, watchState } from './watch-state.ts';

/** Bytes of the past that are shown at the beginning: about one screen. */
const replayBytes = 4096;
/** Bytes asked for in one read; the protocol's maximum. */
const readBytes = 65536;
/** Milliseconds that one read waits for output before it is asked again. */
const waitMs = 30_000;
/** Without a terminal: leave after the end of the input, once the guest has been quiet for so many milliseconds. */
const quietMs = 1_000;
/** Milliseconds that keys typed before the escape key have to reach the guest. */
const settleMs = 500;
/** Milliseconds that a guest has to notice a change of the size. */
const redrawMs = 50;

/** Why a session ended. */
type SessionEnd = 'left' | 'input ended' | 'console closed' | 'VM down';

/**
 * A session on a console: raw terminal, window size passed on, the escape key leaves at any time. It goes on while the
 * VM is down or boots again. With a pipe or file as input it ends after the input, when the guest is quiet, or with the
 * VM.
 *
 * Errors: CONSOLE_UNKNOWN, STATE_WRONG when input is left that the guest cannot take, MONITOR_UNREACHABLE.
 */
export async function runConsoleSession(
  client: MonitorClient,
  channel: string,
  { vm, escapeKey }: { readonly vm: string; readonly escapeKey: EscapeKey },
): Promise<void> {
  const terminal = new SessionTerminal();
  const { input, isInteractive } = terminal;
  const { state, eventsNext } = await client.call('info', undefined);
  const seat = await client.call('consoleAttach', { channel, ...terminal.size });

  const leave = new AbortController();
  const finish = (end: SessionEnd) => leave.abort(end);
  const fail = (error: unknown) => leave.abort(error);
  const pump = new InputPump({
    offer: (data) => client.call('consoleWrite', { id: seat.id, data }),
    onError: fail,
    ...(isInteractive
      ? { onDrop: () => terminal.bell() }
      : { hold: (wait: boolean) => (wait ? input.pause() : input.resume()) }),
  });

  let isDown = state === 'down';
  let inputEnded = false;
  const onData = (bytes: Buffer) => {
    const at = isInteractive ? findEscape(bytes, escapeKey) : -1;
    const typed = at < 0 ? bytes : bytes.subarray(0, at);
    // Keys are not kept for another guest than the one that the user sees.
    if (!(isInteractive && isDown)) pump.push(typed);
    else if (typed.length > 0) terminal.bell();
    if (at >= 0) finish('left');
  };
  const onEnd = () => {
    inputEnded = true;
    // A terminal ends when it is closed.
    if (isInteractive) finish('left');
  };
  // Fails with the connection, and then the read below says so; else the guest keeps the old size, and the session is
  // worth more than the size.
  const onResize = () =>
    void client.call('consoleResize', { id: seat.id, ...terminal.size }).catch(() => undefined);
  const onState = ({ to, text }: StateChange) => {
    isDown = to === 'down';
    if (isDown && isInteractive) {
      pump.clear();
      terminal.reset();
    }
    if (isDown || to === 'running') terminal.message(`${vm} is ${text}; ${escapeKey.name} leaves`);
  };

  terminal.open();
  input.on('data', onData).on('end', onEnd).on('error', onEnd).resume();
  terminal.output.on('resize', onResize);
  watchState(client, eventsNext, leave.signal, onState).catch(fail);
  try {
    const isDrawn = terminal.output.isTTY && (await showPast(client, seat, terminal));
    // Below the past, which would push it off the screen.
    terminal.message(`${channel} of ${vm}${isDown ? ', which is down' : ''}; ${escapeKey.name} leaves`);
    if (isDrawn) await askToRedraw(client, seat, terminal);
    let offset = seat.next;
    while (!leave.signal.aborted) {
      const isLast = !isInteractive && (isDown || (inputEnded && pump.waiting === 0));
      const request = { id: seat.id, offset, max: readBytes, waitMs: isInteractive ? waitMs : quietMs };
      const { data, ...answer } = await client.call('consoleRead', request, leave.signal);
      if (answer.offset > offset)
        terminal.message(`${answer.offset - offset} bytes skipped: this terminal is too slow`);
      if (data.length > 0) await terminal.show(data);
      offset = answer.offset + data.length;
      if (answer.ended) finish('console closed');
      else if (isLast && data.length === 0) finish(isDown ? 'VM down' : 'input ended');
    }
  } catch (error) {
    fail(error);
  }
  // The first reason to leave stays.
  const end: unknown = leave.signal.reason;
  if (end === 'left') await pump.settle(settleMs);
  const untaken = pump.waiting;
  pump.stop();
  input.off('data', onData).off('end', onEnd).off('error', onEnd).pause();
  terminal.output.off('resize', onResize);
  // The seat ends with the connection; a monitor that hangs keeps nobody here.
  terminal.close();
  if (typeof end !== 'string') throw end;
  if (!isInteractive && untaken > 0) throw untakenInput(vm, end, untaken);
  terminal.message(end === 'console closed' ? `the monitor has closed ${channel}` : `left ${channel}`);
}

/** Shows what the channel sent before the session; resolves to whether a program has drawn on the whole screen. */
async function showPast(
  client: MonitorClient,
  { id, oldest, next }: Attachment,
  terminal: SessionTerminal,
): Promise<boolean> {
  const offset = Math.max(oldest, next - replayBytes);
  if (offset >= next) return false;
  const past = await client.call('consoleRead', { id, offset, max: next - offset, waitMs: 0 });
  const { data, isDrawn } = cleanReplay(past.data, past.offset > 0);
  await terminal.show(data);
  return isDrawn;
}

/** A program draws anew when the size of its window changes: for a moment, it is a row smaller. */
async function askToRedraw(
  client: MonitorClient,
  { id }: Attachment,
  terminal: SessionTerminal,
): Promise<void> {
  const { columns, rows } = terminal.size;
  if (rows < 2) return;
  await client.call('consoleResize', { id, columns, rows: rows - 1 });
  await new Promise((resolve) => setTimeout(resolve, redrawMs));
  await client.call('consoleResize', { id, ...terminal.size });
}

function untakenInput(vm: string, end: string, bytes: number): UmlmonError {
  return new UmlmonError('STATE_WRONG', {
    place: vm,
    cause: `${end}: the last ${bytes} bytes of the input were not taken`,
    hint: `umlwatch ${vm} -info`,
  });
}
