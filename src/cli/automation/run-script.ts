import { constants } from 'node:os';
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { toFailure, type UmlmonError } from '../../system/errors/errors.ts';
import { clientLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';
import type { Command } from '../commands/table.ts';
import { LogText } from '../print/log-text.ts';
import { print, write } from '../print/output.ts';
import { mayEndGuest } from '../wait/next-run.ts';
import { expectText, sendText } from './console-script.ts';
import { runInGuest } from './run-in-guest.ts';
import type { ScriptProgress } from './script-steps.ts';

/** A command in the guest failed. umlwatch exits with its status, and skips later commands. */
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
  readonly progress: Map<string, ScriptProgress>;
  readonly signal: AbortSignal | undefined;
}

/** The console on which a shell waits in most guests. */
const usualChannel = 'con1';
/** Default timeout of a command, in milliseconds. */
const usualMs = clientLimits.stepTime;
/** Characters of output in a document; the rest is left out, and the document reports that. */
const { documentCharacters } = clientLimits;

function partsOf({ values: { CHANNEL: channel = usualChannel } }: Command, run: Run) {
  const onWait = ({ reason }: UmlmonError) =>
    console.error(`umlwatch: waiting for ${channel}: ${printable(reason, 200)}`);
  return { channel, ...run, ...(run.json ? {} : { onWait }) };
}

/** The commands that use a console without a terminal. */
export const scriptRunners = {
  async send(command: Command, run: Run): Promise<void> {
    const { KEYS = '', DURATION = usualMs } = command.values;
    await sendText(KEYS, DURATION, partsOf(command, run));
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
    const status = await runUntilEnd(COMMAND, runInGuest(COMMAND, DURATION, partsOf(command, run), onOutput));
    if (shown) await write(shown.end());
    const truncated = output.length > documentCharacters;
    if (run.json)
      await print(JSON.stringify({ output: output.slice(0, documentCharacters), truncated, status }));
    if (status !== 0) throw new CommandFailed(status);
  },
};

/** The status of a command that ends its shell with the guest: the init of most guests. */
const endedWithGuest = [128 + constants.signals.SIGHUP, 128 + constants.signals.SIGTERM];

/** A command that stops the guest is done when the guest has stopped, even if its shell reports nothing. */
async function runUntilEnd(command: string, work: Promise<number>): Promise<number> {
  const ends = mayEndGuest('run', command);
  try {
    const status = await work;
    return ends && endedWithGuest.includes(status) ? 0 : status;
  } catch (error) {
    if (ends && toFailure(error).code === 'WAIT_STOPPED') return 0;
    throw error;
  }
}
