/** Words that use a console without a terminal: what is typed, what is waited for, one command with its output. */
import { randomBytes } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import { quoted } from '../config/problem.ts';
import type { MonitorClient } from '../rpc/monitor-client.ts';
import { pictureText } from '../rpc/picture-text.ts';
import type { ScreenPicture, VmInfo } from '../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../system/errors.ts';
import { PlainText } from './plain-text.ts';

/** Bytes asked for in one read; the protocol's maximum. */
const readBytes = 65536;
/** Characters of output in which a pattern is looked for: the newest. */
const searchedCharacters = 65536;
/** Milliseconds of silence after which a command that runs is looked at: whether its guest is still there. */
const lookMs = 1000;
/** Milliseconds between two offers of bytes to a guest that does not read. */
const retryMs = 50;

/** How far the words of one umlwatch have come in the output of a channel. */
export interface Progress {
  offset: number;
  /** Output that no pattern has matched yet. */
  text: string;
  readonly plain: PlainText;
  readonly decoder: StringDecoder;
}

export interface ScriptParts {
  readonly client: MonitorClient;
  readonly channel: string;
  /** By channel; words of one command line go on where the one before stopped. */
  readonly progress: Map<string, Progress>;
  readonly signal: AbortSignal | undefined;
}

function newProgress(offset: number, text: string): Progress {
  return { offset, text, plain: new PlainText(), decoder: new StringDecoder('utf8') };
}

/** Types into a channel. Errors: CONSOLE_UNKNOWN, CONSOLE_WRITER, STATE_WRONG; CONSOLE_TIMEOUT if the guest does not read. */
export async function sendText(text: string, timeoutMs: number, parts: ScriptParts): Promise<void> {
  const { client, channel, progress, signal } = parts;
  await requireUp(parts);
  const { id, next } = await client.call('consoleAttach', { channel, columns: 0, rows: 0 }, signal);
  if (!progress.has(channel)) progress.set(channel, newProgress(next, ''));
  const deadline = performance.now() + timeoutMs;
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    const accepted = await client.call('consoleWrite', { id, data: rest }, signal);
    rest = rest.subarray(accepted);
    if (rest.length === 0) break;
    if (performance.now() > deadline)
      throw await notInTime(`the guest did not read ${rest.length} bytes`, parts);
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
  await client.call('consoleDetach', id, signal);
}

/**
 * Waits until the output of a channel matches: what is on its screen, and what comes; or what came since the last word
 * of this command line that used the channel. Resolves to the text that matches.
 *
 * Errors: CONSOLE_UNKNOWN; CONSOLE_TIMEOUT with the last screen.
 */
export async function expectText(pattern: RegExp, timeoutMs: number, parts: ScriptParts): Promise<string> {
  const { client, channel, progress, signal } = parts;
  const known = progress.get(channel) ?? (await progressAtScreen(parts));
  progress.set(channel, known);
  const { id } = await client.call('consoleAttach', { channel, columns: 0, rows: 0 }, signal);
  const deadline = performance.now() + timeoutMs;
  try {
    for (;;) {
      const found = pattern.exec(known.text);
      if (found) {
        known.text = known.text.slice(found.index + found[0].length);
        return found[0];
      }
      const leftMs = Math.ceil(deadline - performance.now());
      if (leftMs <= 0)
        throw await notInTime(`${quoted(pattern.source)} did not come within ${timeoutMs / 1000} s`, parts);
      await readMore(known, id, leftMs, parts);
    }
  } finally {
    await client.call('consoleDetach', id, signal);
  }
}

/** What is on the screen now counts as come. */
async function progressAtScreen({ client, channel, signal }: ScriptParts): Promise<Progress> {
  const picture = await client.call('consolePicture', { channel, history: 0 }, signal);
  return newProgress(picture.offset, pictureText(picture).join('\n'));
}

async function readMore(known: Progress, id: number, waitMs: number, parts: ScriptParts): Promise<void> {
  const { client, signal } = parts;
  const asked = { id, offset: known.offset, max: readBytes, waitMs: Math.min(waitMs, 10_000) };
  const { data, offset } = await client.call('consoleRead', asked, signal);
  // What does not belong together must not match together.
  if (offset > known.offset) known.text = '';
  known.offset = offset + data.length;
  const plain = known.plain.take(known.decoder.write(Buffer.from(data)));
  known.text = (known.text + plain).slice(-searchedCharacters);
}

export interface CommandResult {
  readonly output: string;
  readonly status: number;
}

/**
 * Runs one command in the shell that waits at a channel, in a subshell. `onOutput` is given its output, with plain line
 * ends, as it comes; resolves to its exit status.
 *
 * Errors: CONSOLE_UNKNOWN, CONSOLE_WRITER, STATE_WRONG, WAIT_DOWN; CONSOLE_TIMEOUT with the last screen.
 */
export async function runInGuest(
  command: string,
  timeoutMs: number,
  parts: ScriptParts,
  onOutput: (text: string) => Promise<void>,
): Promise<number> {
  const { client, channel, progress, signal } = parts;
  const { kernelPid } = await requireUp(parts);
  const mark = randomBytes(6).toString('hex');
  const { id, next } = await client.call('consoleAttach', { channel, columns: 0, rows: 0 }, signal);
  const known = newProgress(next, '');
  progress.set(channel, known);
  const deadline = performance.now() + timeoutMs;
  // CTRL-U: what somebody has begun to type is not part of the command. The echo of the line has no whole mark in it.
  const typed = `\x15 echo B""${mark}; (eval '${command.replaceAll("'", "'\\''")}'); echo E""${mark}:$?\r`;
  const splitter = new OutputSplitter(mark);
  try {
    await client.call('consoleWrite', { id, data: Buffer.from(typed) }, signal);
    for (;;) {
      const leftMs = Math.ceil(deadline - performance.now());
      if (leftMs <= 0) {
        const what = splitter.hasBegun ? 'the command did not end' : `no shell took the command`;
        const advice = splitter.hasBegun ? `it goes on; -send '\\x03' types CTRL-C` : undefined;
        throw await notInTime(`${what} within ${timeoutMs / 1000} s`, parts, advice);
      }
      const asked = { id, offset: known.offset, max: readBytes, waitMs: Math.min(leftMs, lookMs) };
      const { data, offset } = await client.call('consoleRead', asked, signal);
      if (data.length === 0) await requireUp(parts, kernelPid);
      known.offset = offset + data.length;
      const { output, status } = splitter.take(known.decoder.write(Buffer.from(data)));
      if (output !== '') await onOutput(output);
      if (status !== undefined) return status;
    }
  } finally {
    await client.call('consoleDetach', id, signal);
  }
}

/** Finds the output of a command between two marks. */
export class OutputSplitter {
  readonly #begin: RegExp;
  readonly #end: RegExp;
  readonly #endLength: number;
  #text = '';
  hasBegun = false;

  constructor(mark: string) {
    this.#begin = new RegExp(`B${mark}\r*\n`);
    this.#end = new RegExp(`E${mark}:(\\d{1,3})\r*\n`);
    this.#endLength = mark.length + 10;
  }

  /** What is certain to be output, and the exit status when it is there. */
  take(text: string): { output: string; status?: number } {
    this.#text += text;
    if (!this.hasBegun) {
      const begin = this.#begin.exec(this.#text);
      if (!begin) {
        this.#text = this.#text.slice(-searchedCharacters);
        return { output: '' };
      }
      this.hasBegun = true;
      this.#text = this.#text.slice(begin.index + begin[0].length);
    }
    const end = this.#end.exec(this.#text);
    if (end) return { output: lines(this.#text.slice(0, end.index)), status: Number(end[1]) };
    // The end may have begun; and a line end is not cut in two.
    const certain = Math.max(0, this.#text.length - this.#endLength);
    const cut = this.#text.slice(0, certain).replace(/\r+$/, '').length;
    const output = lines(this.#text.slice(0, cut));
    this.#text = this.#text.slice(cut);
    return { output };
  }
}

function lines(text: string): string {
  return text.replace(/\r+\n/g, '\n');
}

/** Lines of a screen in an error, the newest. */
const screenLines = 24;

async function notInTime(
  what: string,
  { client, channel }: ScriptParts,
  advice = `look at it with -connect ${channel}`,
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
  if (state === 'down') return { cause: 'the VM is down', hint: `umlwatch ${name} -start` };
  if (paused) return { cause: 'the VM is paused', hint: `umlwatch ${name} -resume` };
  return undefined;
}

/** What is typed for a VM that is down would be lost, and with the kernel `pid` what is waited for is gone. */
async function requireUp({ client, signal }: ScriptParts, pid?: number): Promise<VmInfo> {
  const info = await client.call('info', undefined, signal);
  const still = info.state === 'down' ? standstill(info) : undefined;
  // 0 is of a start that has no kernel yet.
  if (pid && info.kernelPid !== pid)
    throw new UmlmonError('WAIT_DOWN', {
      place: info.name,
      cause: 'the VM went down before the command had ended',
      hint: `umlwatch ${info.name} -info`,
    });
  if (still) throw new UmlmonError('STATE_WRONG', { place: info.name, ...still });
  return info;
}

function screenText(picture: ScreenPicture): string {
  const shown = pictureText(picture).slice(-screenLines);
  return shown.length === 0 ? '  (empty)\n' : shown.map((line) => `  | ${line}\n`).join('');
}
