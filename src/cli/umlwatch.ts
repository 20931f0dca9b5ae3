import { quoted } from '../config/problem.ts';
import type { MonitorClient } from '../rpc/client/monitor-client.ts';
import { exitStatusOf, toFailure, UmlmonError } from '../system/errors/errors.ts';
import { printable } from '../system/text.ts';
import { version } from '../system/version.ts';
import { CommandFailed } from './automation/run-script.ts';
import { runCommand } from './commands/dispatch.ts';
import { helpText } from './commands/help.ts';
import { type MconsoleLink, printAnswer, runMconsole } from './mconsole/session.ts';
import { openForeignMconsole } from './mconsole/socket.ts';
import { errorText } from './print/error-text.ts';
import { brokenPipeStatus, OutputClosed, print, watchOutput } from './print/output.ts';
import { runInteractive, runScript } from './prompt/interactive.ts';
import { findMonitor } from './remote/find-monitor.ts';
import { type CommandLine, parseCommandLine } from './umlwatch-command-line.ts';

/** The client of one VM; resolves to the exit status (umlwatch(1), EXIT STATUS). */
export async function umlwatch(argv: readonly string[]): Promise<number> {
  const json = argv.some((argument) => /^--?json$/.test(argument));
  watchOutput();
  try {
    const line = parseCommandLine(argv);
    if (line.help) await print(helpText());
    else if (line.version) await print(version);
    else await talk(line);
    return 0;
  } catch (error) {
    if (error instanceof OutputClosed) return brokenPipeStatus;
    if (error instanceof CommandFailed) return error.status;
    console.error(`${json ? '' : 'umlwatch: '}${errorText(error, json)}`);
    return exitStatusOf(toFailure(error).code);
  }
}

async function talk(line: CommandLine): Promise<void> {
  const { target, commands, json, socket } = line;
  if (socket !== undefined) return talkToForeign(socket, line);
  if (target === undefined)
    throw new UmlmonError('USAGE', {
      place: '',
      cause: 'no VM given',
      hint: 'umlwatch VM -info; -help prints all commands',
    });
  const connectTo = (vm: string) => findMonitor(vm, line).connect();
  const monitor = findMonitor(target, line);
  const context = { vm: target, json, connectTo, progress: new Map(), leaving: new Map(), ...monitor };
  for (const command of commands) await runCommand(command, context);
  if (commands.length > 0) return;
  // An error of the connection comes before the prompt.
  const client = await context.connect();
  const { state } = await client.call('info', undefined).finally(() => client.close());
  if (!process.stdin.isTTY) await runScript(context);
  else {
    await print(`${target} is ${state}. Type 'help' for commands, 'quit' to exit.`);
    await runInteractive(context);
  }
}

/** A kernel that umlmon did not start: only its management console is available. */
async function talkToForeign(path: string, line: CommandLine): Promise<void> {
  const { target, commands, json } = line;
  const other = commands.find(({ name }) => name !== 'mconsole');
  if (target !== undefined || other)
    throw new UmlmonError('USAGE', {
      place: '-mconsole-socket',
      cause: `${target === undefined ? `-${other?.name}` : quoted(target)} needs a monitor`,
      hint: "umlwatch -mconsole-socket PATH -mconsole 'COMMAND'",
    });
  const foreign = openForeignMconsole(path);
  const switched: MonitorClient[] = [];
  try {
    if (process.stdin.isTTY && commands.length === 0)
      await print(`${printable(path, 200)} has no monitor: umlmon does not check commands`);
    const switchTo = async (vm: string): Promise<MconsoleLink> => {
      const client = await findMonitor(vm, line).connect();
      switched.push(client);
      return { name: vm, ask: (text, signal) => client.call('mconsole', text, signal) };
    };
    const session = { link: foreign, json, switchTo };
    for (const { values } of commands)
      if (values.TEXT !== undefined) await printAnswer(session, values.TEXT);
      else await runMconsole(session);
    if (commands.length === 0) await runMconsole(session);
  } finally {
    for (const client of switched) client.close();
    foreign.close();
  }
}
