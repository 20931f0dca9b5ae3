import type { MonitorClient } from '../rpc/monitor-client.ts';
import { LogText } from './log-text.ts';
import { print, write } from './output.ts';
import { expectText, type Progress, runInGuest, sendText } from './script.ts';
import type { Command } from './words.ts';

/** A command in the guest has failed. Its exit status is that of umlwatch; the words after it are not done. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly status: number;

  constructor(status: number) {
    super(`exit status ${status}`);
    this.status = status;
  }
}

interface Run {
  readonly client: MonitorClient;
  readonly json: boolean;
  readonly progress: Map<string, Progress>;
  readonly signal: AbortSignal | undefined;
}

/** The console on which a shell waits in most guests. */
const usualChannel = 'con1';
/** Milliseconds that a word may take, if nothing else is said. */
const usualMs = 60_000;
/** Characters of output in a document; the rest is left out, and said. */
const documentCharacters = 4 * 1024 * 1024;

function partsOf({ values: { CHANNEL: channel = usualChannel } }: Command, run: Run) {
  return { channel, ...run };
}

/** The words that use a console without a terminal. */
export const scriptRunners = {
  async send(command: Command, run: Run): Promise<void> {
    const { KEYS = '' } = command.values;
    await sendText(KEYS, usualMs, partsOf(command, run));
    if (run.json) await print(JSON.stringify({ sent: Buffer.byteLength(KEYS) }));
  },
  async expect(command: Command, run: Run): Promise<void> {
    const { PATTERN = '', DURATION = usualMs } = command.values;
    const text = await expectText(new RegExp(PATTERN, 'mu'), DURATION, partsOf(command, run));
    if (run.json) await print(JSON.stringify({ matched: text }));
  },
  async run(command: Command, run: Run): Promise<void> {
    const { COMMAND = '', DURATION = usualMs } = command.values;
    // A pipe or file gets the output as it is, a terminal only what cannot harm it.
    const shown = process.stdout.isTTY ? new LogText() : undefined;
    let output = '';
    const onOutput = async (text: string) => {
      if (run.json) output = (output + text).slice(0, documentCharacters + 1);
      else await write(shown ? shown.take(text) : text);
    };
    const status = await runInGuest(COMMAND, DURATION, partsOf(command, run), onOutput);
    if (shown) await write(shown.end());
    const truncated = output.length > documentCharacters;
    if (run.json)
      await print(JSON.stringify({ output: output.slice(0, documentCharacters), truncated, status }));
    if (status !== 0) throw new CommandFailed(status);
  },
};
