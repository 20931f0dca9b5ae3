import { createInterface } from 'node:readline';
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { CommandFailed } from '../automation/run-script.ts';
import { type CommandContext, runCommand } from '../commands/dispatch.ts';
import { interactiveHelpText } from '../commands/help.ts';
import { complete } from '../commands/prompt-completion.ts';
import type { Command, CommandName } from '../commands/table.ts';
import { readAllImages } from '../disk/run-disk.ts';
import { errorText } from '../print/error-text.ts';
import { OutputClosed, print } from '../print/output.ts';
import { parseLine } from '../umlwatch-command-line.ts';
import { History } from './history.ts';
import { typedLines } from './prompt.ts';

/** Commands that a monitor completes even if the client stops waiting. */
const goesOn: ReadonlySet<CommandName> = new Set(['start', 'stop', 'kill']);

/** In a session at a console, CTRL-C is the guest's; while a job is followed, it is about the job. */
const hasOwnInterrupt: ReadonlySet<CommandName> = new Set(['connect', 'disk']);

/**
 * Reads commands until `quit` or the end of the input. After an error the prompt returns. Errors:
 * OutputClosed.
 */
export async function runInteractive(context: CommandContext): Promise<void> {
  const ask = async <R>(question: (client: MonitorClient) => Promise<R>) => {
    const client = await context.connect();
    try {
      return await question(client);
    } finally {
      client.close();
    }
  };
  const channels = () =>
    ask(async (client) => (await client.call('info', undefined)).consoles.map(({ channel }) => channel));
  const images = () => ask(async (client) => (await readAllImages(client)).images.map(({ path }) => path));
  const lines = typedLines({
    prompt: `${context.vm}> `,
    history: new History(process.env),
    complete: (text) => complete(text, { channels, images }),
  });
  for await (const line of lines) {
    if (line.trim() === 'quit') return;
    if (line.trim() === 'help') await print(interactiveHelpText());
    else await runTyped(line, context);
  }
}

/** Executes commands from a pipe or file, one per line, up to the first error. Errors: those of the commands. */
export async function runScript(context: CommandContext): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === 'quit') return;
    const command = parseLine(line);
    if (command?.name === 'connect')
      throw new UmlmonError('USAGE', {
        place: 'connect',
        cause: 'standard input is in use for commands',
        hint: `umlwatch ${context.vm} -connect ${command.values.CHANNEL ?? 'CHANNEL'} <FILE`,
      });
    if (command) await runCommand(command, context);
  }
}

async function runTyped(line: string, context: CommandContext): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = () => {
    // The terminal may have shown ^C.
    process.stdout.write('\n');
    interrupt.abort();
  };
  let command: Command | undefined;
  try {
    command = parseLine(line);
    if (!command) return;
    const isManagement = command.name === 'mconsole' && !command.values.TEXT;
    if (!isManagement && !hasOwnInterrupt.has(command.name)) process.on('SIGINT', onInterrupt);
    await runCommand(command, context, interrupt.signal);
  } catch (error) {
    if (error instanceof OutputClosed) throw error;
    if (error instanceof CommandFailed) console.error(`exit status ${error.status}`);
    else if (!interrupt.signal.aborted) console.error(errorText(error, context.json));
    else if (command && goesOn.has(command.name))
      console.error(`interrupted; the monitor continues: ${command.name}`);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}
