/** Common steps of the commands that use a console without a terminal. */
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { pictureText } from '../../rpc/picture-text.ts';
import type { ScreenPicture, VmInfo } from '../../rpc/umlmonctrl.gen.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { clientLimits } from '../../system/limits/limits.ts';
import { PlainText } from './plain-text.ts';

/** Bytes asked for in one read; the protocol's maximum. */
export const readBytes = 65536;
/** Characters of output in which a pattern is searched: the newest. */
export const { searchedCharacters } = clientLimits;
/** Milliseconds between two attempts to type: at a guest that does not read, or while another viewer types. */
const retryMs = 50;

/** The output of a channel that the commands of one umlwatch have read. */
export interface ScriptProgress {
  offset: number;
  /** Output that no pattern has matched yet. */
  text: string;
  readonly plain: PlainText;
  readonly decoder: StringDecoder;
  /** Whether something was searched in it. What is typed next is answered by what comes then, and not by older output. */
  searched: boolean;
}

export interface ScriptParts {
  readonly client: MonitorClient;
  readonly channel: string;
  /** By channel; a command continues where the previous command stopped. */
  readonly progress: Map<string, ScriptProgress>;
  readonly signal: AbortSignal | undefined;
  /** Called while another viewer types. */
  readonly onWait?: (error: UmlmonError) => void;
}

export function newScriptProgress(offset: number, text = ''): ScriptProgress {
  return { offset, text, plain: new PlainText(), decoder: new StringDecoder('utf8'), searched: false };
}

/** Time to type by, and what was not in time if it is over. */
interface TypingTime {
  /** Of performance.now(). */
  readonly deadline: number;
}

/**
 * Types bytes as fast as the guest reads them, when no other viewer types.
 *
 * Errors: CONSOLE_NOT_CONTROLLER if another viewer types all the time. CONSOLE_TIMEOUT if the guest does not read, with the
 * number of bytes that it has read; the others are dropped.
 */
export async function type(
  id: number,
  bytes: Uint8Array,
  { deadline }: TypingTime,
  parts: ScriptParts,
): Promise<void> {
  const { client, signal } = parts;
  let hasSaid = false;
  for (let rest = bytes; rest.length > 0; ) {
    const isLate = performance.now() > deadline;
    let accepted = 0;
    try {
      accepted = await client.call('consoleWrite', { id, data: rest }, signal);
    } catch (error) {
      if (!(error instanceof UmlmonError) || error.code !== 'CONSOLE_NOT_CONTROLLER' || isLate) throw error;
      if (!hasSaid) parts.onWait?.(error);
      hasSaid = true;
    }
    rest = rest.subarray(accepted);
    if (rest.length === 0) return;
    if (isLate)
      throw await notInTime(
        `the guest is not reading: it took ${bytes.length - rest.length} bytes; ${rest.length} were dropped`,
        parts,
      );
    // The monitor has waited for a guest that does not read.
    if (accepted === 0) await delay(retryMs, undefined, signal ? { signal } : {});
  }
}

/** Lines of a screen in an error, the newest. */
const screenLines = 24;

export async function notInTime(
  what: string,
  { client, channel }: ScriptParts,
  advice = `inspect it with -connect ${channel}`,
): Promise<UmlmonError> {
  const [picture, info] = await Promise.all([
    client.call('consolePicture', { channel, history: 0 }),
    client.call('info', undefined),
  ]);
  const still = standstill(info);
  return new UmlmonError('CONSOLE_TIMEOUT', {
    place: channel,
    cause: `${[what, ...(still ? [still.cause] : [])].join('; ')}; its screen:\n${screenText(picture)}`,
    hint: still?.hint ?? advice,
  });
}

/** Why a guest does nothing at all, and what ends that. */
function standstill({ name, state, paused }: VmInfo): { cause: string; hint: string } | undefined {
  if (state === 'stopped') return { cause: 'the VM is stopped', hint: `umlwatch ${name} -start` };
  if (paused) return { cause: 'the VM is paused', hint: `umlwatch ${name} -resume` };
  return undefined;
}

/** What is typed for a VM that is stopped would be lost, and with the kernel `pid` what is waited for is gone. */
export async function requireUp({ client, signal }: ScriptParts, pid?: number): Promise<VmInfo> {
  const info = await client.call('info', undefined, signal);
  const still = info.state === 'stopped' ? standstill(info) : undefined;
  // 0 is of a start that has no kernel yet.
  if (pid && info.kernelPid !== pid)
    throw new UmlmonError('WAIT_STOPPED', {
      place: info.name,
      cause: 'the VM stopped before the command ended',
      hint: `umlwatch ${info.name} -info`,
    });
  if (still) throw new UmlmonError('STATE_WRONG', { place: info.name, ...still });
  return info;
}

/** Detaches a viewer; a connection that is gone has taken it along. */
export async function detach(id: number, { client }: ScriptParts): Promise<void> {
  try {
    await client.call('consoleDetach', id);
  } catch (error) {
    if (!['MONITOR_UNREACHABLE', 'CONSOLE_NOT_ATTACHED'].includes(toFailure(error).code)) throw error;
  }
}

function screenText(picture: ScreenPicture): string {
  const shown = pictureText(picture).slice(-screenLines);
  return shown.length === 0 ? '  (empty)\n' : shown.map((line) => `  | ${line}\n`).join('');
}
