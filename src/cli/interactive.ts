import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { failureText, toFailure } from '../system/errors.ts';
import { interactiveHelpText } from './help.ts';
import { parseLine } from './parse.ts';
import { type CommandContext, runCommand } from './run-command.ts';
import { type WordName, wordNames, words } from './words.ts';

/** Lines of history kept from one session to the next. */
const historyLines = 500;

/**
 * The interactive mode: the words of the command line without the hyphen, with completion and history. An error is
 * printed and the next word asked for; the end of the input or `quit` leaves.
 */
export async function runInteractive(context: Omit<CommandContext, 'signal'>): Promise<void> {
  for await (const line of process.stdin.isTTY ? typedLines(context) : pipedLines()) {
    if (line.trim() === 'quit') return;
    if (line.trim() === 'help') console.log(interactiveHelpText());
    else await runLine(line, context);
  }
}

function pipedLines(): AsyncIterable<string> {
  return createInterface({ input: process.stdin });
}

async function* typedLines(context: Omit<CommandContext, 'signal'>): AsyncGenerator<string> {
  const historyFile = join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'umlwatch_history');
  let history = readHistory(historyFile);
  try {
    for (;;) {
      const line = await askLine(context, history, (lines) => {
        history = lines;
      });
      if (line === undefined) return;
      yield line;
    }
  } finally {
    saveHistory(historyFile, history);
  }
}

async function runLine(line: string, context: Omit<CommandContext, 'signal'>): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.on('SIGINT', onInterrupt);
  try {
    const command = parseLine(line);
    if (command) await runCommand(command, { ...context, signal: interrupt.signal });
  } catch (error) {
    if (!interrupt.signal.aborted) console.error(failureText(toFailure(error)));
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

/**
 * One line, or undefined at the end of the input. Each line has a readline of its own: while a console session
 * runs, nothing else may read the terminal.
 */
function askLine(
  { vm, client }: Omit<CommandContext, 'signal'>,
  history: string[],
  onHistory: (lines: string[]) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const readline = createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt: `${vm}> `,
      history: [...history],
      historySize: historyLines,
      removeHistoryDuplicates: true,
      completer: (text: string, done: (error: null, result: [string[], string]) => void) => {
        completions(text, client).then(
          (result) => done(null, result),
          () => done(null, [[], text]),
        );
      },
    });
    readline.on('history', onHistory);
    readline.once('line', (line) => {
      resolve(line);
      readline.close();
    });
    readline.once('close', () => resolve(undefined));
    readline.prompt();
  });
}

/** Words first; then the channels of the VM, or the word's options. */
async function completions(text: string, client: CommandContext['client']): Promise<[string[], string]> {
  const [first, ...rest] = text.trimStart().split(/\s+/);
  const begun = rest.at(-1) ?? first ?? '';
  const starting = (candidates: readonly string[]): [string[], string] => [
    candidates.filter((candidate) => candidate.startsWith(begun)).map((candidate) => `${candidate} `),
    begun,
  ];
  if (rest.length === 0) return starting([...wordNames, 'help', 'quit']);
  const word = words[first as WordName];
  if (!word) return [[], begun];
  if (rest.length <= word.arguments.length)
    return starting((await client.call('info', undefined)).consoles.map(({ channel }) => channel));
  return starting(Object.keys(word.options).map((option) => `-${option}`));
}

/** History is a convenience: a file that cannot be read or written is as good as none. */
function readHistory(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(0, historyLines);
  } catch {
    return [];
  }
}

function saveHistory(file: string, history: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${history.join('\n')}\n`, { mode: 0o600 });
  } catch {
    return;
  }
}
