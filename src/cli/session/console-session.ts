import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { clientLimits } from '../../system/limits/limits.ts';
import type { EscapeKey } from './escape-key.ts';
import { EscapeMenu, type MenuAction } from './escape-menu.ts';
import { InputPump } from './input-pump.ts';
import { doAction } from './session-actions.ts';
import { SessionRecording } from './session-recording.ts';
import { askForScreen, paintingOf } from './session-screen.ts';
import { SessionTerminal } from './session-terminal.ts';
import { SessionViewer } from './session-viewer.ts';
import { type StateChange, watchState } from './watch-state.ts';

/** Bytes asked for in one read; the protocol's maximum. */
const readBytes = 65536;
/** Milliseconds that one read waits for output before it is asked again. */
const waitMs = clientLimits.callWait;
/** Without a terminal: leave after the end of the input, once the guest has been quiet for so many milliseconds. */
const quietMs = 1_000;
/** Milliseconds that keys typed before the escape key have to reach the guest. */
const settleMs = 500;

/** Why a session ended. */
type SessionEnd = 'left' | 'input ended' | 'console closed' | 'VM stopped';

export interface SessionOptions {
  readonly vm: string;
  readonly escapeKey: EscapeKey;
  /** Never type. */
  readonly observe: boolean;
  /** Take control from another viewer. */
  readonly force: boolean;
  /** File for a recording. */
  readonly record: string | undefined;
}

/**
 * A session on a console: raw terminal, window size passed on. The escape key opens a menu at any time, which can
 * end the session. It continues while the VM is stopped or boots again. With a pipe or file as input it ends after the input,
 * when the guest is quiet, or with the VM.
 *
 * Errors: CONSOLE_UNKNOWN, CONSOLE_NOT_CONTROLLER for input of a pipe, STATE_WRONG when input is left that the guest cannot take,
 * MONITOR_UNREACHABLE, CONSOLE_RECORDING.
 */
export async function runConsoleSession(
  client: MonitorClient,
  channel: string,
  { vm, escapeKey, observe, force, record }: SessionOptions,
): Promise<void> {
  const terminal = new SessionTerminal();
  const { input, isInteractive } = terminal;
  const leaves = `${escapeKey.name} d detaches`;
  const { state, eventsNext } = await client.call('info', undefined);
  const attached = await client.call('consoleAttach', { channel, ...terminal.size });
  const viewer = new SessionViewer({ client, channel, terminal, escape: escapeKey.name }, attached, observe);
  const recording = new SessionRecording(terminal, `${channel} of ${vm}`);
  if (record !== undefined) recording.begin(record);

  const leave = new AbortController();
  const finish = (end: SessionEnd) => leave.abort(end);
  // A monitor stops its VM before it exits. Its consoles may or may not be notified before that.
  const fail = (error: unknown) =>
    leave.abort(
      isInteractive && isDown && isUnreachable(error) ? ('console closed' satisfies SessionEnd) : error,
    );
  const pump = new InputPump({
    offer: (data) => viewer.offer(data),
    onError: fail,
    ...(isInteractive
      ? { onDrop: (bytes: number) => dropped(bytes, 'too much waits') }
      : { hold: (wait: boolean) => (wait ? input.pause() : input.resume()) }),
    onStuck: (waiting) =>
      terminal.warn(`${channel}: the guest is not reading; ${waiting} bytes of input wait`),
  });
  const dropped = (bytes: number, why: string) => {
    terminal.bell();
    terminal.message(`${channel}: ${bytes} bytes of input dropped: ${why}`);
  };

  let isDown = state === 'stopped';
  let inputEnded = false;
  /** Of the next byte to be shown. */
  let offset = attached.next;
  /** Draws the screen on the terminal; resolves to whether it is a program's, which draws on the whole of it. */
  const paint = async (when: 'first' | 'always' | 'full'): Promise<boolean> => {
    const screen = await askForScreen(client, channel, terminal);
    const isWanted = screen && (when === 'full' ? screen.full : screen.offset > 0);
    if (!isWanted || leave.signal.aborted) return false;
    if (when !== 'first') terminal.reset();
    offset = screen.offset;
    await terminal.show(paintingOf(screen, terminal.size.rows, when === 'first'));
    return screen.full;
  };

  const menu = new EscapeMenu(escapeKey);
  const type = (typed: Buffer) => {
    // Keys are not kept for another guest than the one that the user sees.
    if (isInteractive && isDown) terminal.bell();
    else if (!isInteractive || !isInterrupt(typed)) pump.push(typed);
    else {
      const waited = pump.interrupt(typed);
      if (waited > 0) dropped(waited, 'interrupted');
    }
  };
  // One after the other, as they were typed.
  let doing: Promise<void> = Promise.resolve();
  const act = (action: MenuAction) => {
    if (action.do === 'type') return type(action.bytes);
    if (action.do === 'leave') return finish('left');
    const parts = { client, channel, escapeKey, terminal, viewer, recording, paint };
    doing = doing.then(() => doAction(action, parts)).catch((error: unknown) => told(error, terminal, fail));
  };
  const onData = (bytes: Buffer) => {
    if (isInteractive) for (const action of menu.take(bytes)) act(action);
    else type(bytes);
  };
  const onEnd = () => {
    inputEnded = true;
    // A terminal ends when it is closed.
    if (isInteractive) finish('left');
  };
  const onResize = () => {
    recording.resize();
    // A lost connection is reported by the read below. After another error the guest keeps the old size: the session
    // is worth more than the size.
    void client.call('consoleResize', { id: viewer.id, ...terminal.size }).catch(() => undefined);
  };
  const onState = ({ to, text }: StateChange) => {
    isDown = to === 'stopped';
    if (isDown && isInteractive) {
      pump.clear();
      terminal.reset();
    }
    if (isDown || to === 'running') terminal.message(`${vm} is ${text}; ${leaves}`);
  };

  terminal.open();
  input.on('data', onData).on('end', onEnd).on('error', onEnd).resume();
  terminal.output.on('resize', onResize);
  const on = {
    state: onState,
    writer: (change: Parameters<typeof viewer.controllerChanged>[0]) => {
      if (change.channel === channel) viewer.controllerChanged(change);
    },
  };
  watchState(client, eventsNext, leave.signal, on).catch(fail);
  try {
    const said = await viewer.begin(force);
    const isFull = terminal.isWindow && (await paint('first'));
    // Below what the guest has printed; but not into a program's picture.
    const greeting = `${channel} of ${vm}${isDown ? ', which is stopped' : ''}; ${said && `${said}; `}${leaves}`;
    if (isDown) terminal.reset();
    if (isDown || !isFull) terminal.message(greeting);
    while (!leave.signal.aborted) {
      const isLast = !isInteractive && (isDown || (inputEnded && pump.waiting === 0));
      const asked = { id: viewer.id, offset, max: readBytes, waitMs: isInteractive ? waitMs : quietMs };
      const { data, ...answer } = await client.call('consoleRead', asked, leave.signal);
      // The screen was drawn anew meanwhile, from another offset on.
      if (offset !== asked.offset) continue;
      if (answer.offset > offset)
        terminal.message(`${answer.offset - offset} bytes skipped: this terminal is too slow`);
      offset = answer.offset + data.length;
      if (data.length > 0) await terminal.show(data);
      if (answer.ended) finish('console closed');
      else if (isLast && data.length === 0) finish(isDown ? 'VM stopped' : 'input ended');
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
  recording.close();
  // The viewer is detached with the connection; a hanging monitor must not block the exit.
  terminal.close();
  if (typeof end !== 'string') throw end;
  if (!isInteractive && untaken > 0) throw untakenInput(vm, end, untaken);
  const rest = untaken > 0 ? `; ${untaken} bytes of input were not taken` : '';
  terminal.message(
    `${end === 'console closed' ? 'the monitor has closed' : 'detached from'} ${channel}${rest}`,
  );
}

/** A key that empties the input of a terminal: CTRL-C, CTRL-\, CTRL-Z. In a paste they are data. */
function isInterrupt(typed: Buffer): boolean {
  return typed.length === 1 && [3, 28, 26].includes(typed[0] ?? 0);
}

/** A refused menu action does not end the session; a lost connection does. */
function told(error: unknown, terminal: SessionTerminal, fail: (error: unknown) => void): void {
  if (error instanceof UmlmonError && !isUnreachable(error)) terminal.message(error.message);
  else fail(error);
}

function isUnreachable(error: unknown): boolean {
  return error instanceof UmlmonError && error.code === 'MONITOR_UNREACHABLE';
}

function untakenInput(vm: string, end: string, bytes: number): UmlmonError {
  return new UmlmonError('STATE_WRONG', {
    place: vm,
    cause: `${end}: the last ${bytes} bytes of the input were not read`,
    hint: `umlwatch ${vm} -info`,
  });
}
