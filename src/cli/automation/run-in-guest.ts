import { randomBytes } from 'node:crypto';
import {
  detach,
  newScriptProgress,
  notInTime,
  readBytes,
  requireUp,
  type ScriptParts,
  searchedCharacters,
  type,
} from './script-steps.ts';

/** Milliseconds without output after which the state of the guest is checked. */
const lookMs = 1000;

/**
 * Runs one command in the shell that waits at a channel, in a subshell. The command is not typed before a shell has
 * answered a harmless one: a command that is given up is not run later. `onOutput` is given its output, with plain line
 * ends, as it comes; resolves to its exit status.
 *
 * Errors: CONSOLE_UNKNOWN, STATE_WRONG, WAIT_STOPPED; CONSOLE_NOT_CONTROLLER if another viewer types all the time; CONSOLE_TIMEOUT
 * with the last screen.
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
  const known = { ...newScriptProgress(next), searched: true };
  progress.set(channel, known);
  const deadline = performance.now() + timeoutMs;
  /** Reads until `take` has found what it looks for. */
  const readUntil = async <T>(take: (text: string) => Promise<T | undefined>, late: () => Promise<Error>) => {
    for (;;) {
      const leftMs = Math.ceil(deadline - performance.now());
      if (leftMs <= 0) throw await late();
      const asked = { id, offset: known.offset, max: readBytes, waitMs: Math.min(leftMs, lookMs) };
      const { data, offset } = await client.call('consoleRead', asked, signal);
      if (data.length === 0) await requireUp(parts, kernelPid);
      known.offset = offset + data.length;
      const found = await take(known.decoder.write(Buffer.from(data)));
      if (found !== undefined) return found;
    }
  };
  const within = `within ${timeoutMs / 1000} s`;
  try {
    // CTRL-U: a partly typed line is not part of the command. The echo of a line has no whole mark in it.
    await type(id, Buffer.from(`\x15 echo P""${mark}\r`), { deadline }, parts);
    const probe = new MarkFinder(`P${mark}`);
    await readUntil(
      async (text) => probe.take(text) || undefined,
      () =>
        notInTime(
          `no shell answered ${within}; the command was not typed`,
          parts,
          `an echo waits there for a shell; inspect it with -connect ${channel}`,
        ),
    );
    const typed = ` echo B""${mark}; (eval '${command.replaceAll("'", "'\\''")}'); echo E""${mark}:$?\r`;
    await type(id, Buffer.from(typed), { deadline }, parts);
    const splitter = new OutputSplitter(mark);
    return await readUntil(
      async (text) => {
        const { output, status } = splitter.take(text);
        if (output !== '') await onOutput(output);
        return status;
      },
      () =>
        notInTime(`the command did not end ${within}`, parts, `it still runs; -send '\\x03' types CTRL-C`),
    );
  } finally {
    await detach(id, parts);
  }
}

/** Finds a line with a mark and nothing else behind it. */
class MarkFinder {
  readonly #line: RegExp;
  readonly #length: number;
  #text = '';

  constructor(mark: string) {
    this.#line = new RegExp(`${mark}\r*\n`);
    this.#length = mark.length + 10;
  }

  take(text: string): boolean {
    this.#text += text;
    const isThere = this.#line.test(this.#text);
    this.#text = this.#text.slice(-this.#length);
    return isThere;
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
    // The text may end within the end mark; and a line end is not cut in two.
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
