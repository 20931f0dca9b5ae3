import { createInterface } from 'node:readline';
import type { Completion } from '../commands/prompt-completion.ts';
import type { History } from './history.ts';

export interface PromptParts {
  readonly prompt: string;
  readonly history: History;
  readonly complete: (text: string) => Promise<Completion>;
}

/**
 * Lines that a user types, with completion and history, until the end of the input. Between lines nothing reads the
 * terminal, so that a console session can. What is pasted or typed ahead after a line is kept for the next ones.
 */
export async function* typedLines(parts: PromptParts): AsyncGenerator<string> {
  let begun = '';
  for (;;) {
    const asked = await ask(parts, begun);
    if (asked === undefined) return;
    begun = asked.begun;
    for (const line of asked.lines) {
      parts.history.add(line);
      yield line;
    }
  }
}

/** Some lines and a part of the next one, or undefined at the end of the input. */
function ask(
  { prompt, history, complete }: PromptParts,
  begun: string,
): Promise<{ lines: string[]; begun: string } | undefined> {
  return new Promise((resolve) => {
    const readline = createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt,
      history: history.newestFirst,
      removeHistoryDuplicates: true,
      completer: (text: string, done: (error: null, result: Completion) => void) => {
        complete(text).then(
          (result) => done(null, result),
          () => done(null, [[], text]),
        );
      },
    });
    const lines: string[] = [];
    let isClosing = false;
    const finish = () => {
      isClosing = true;
      const rest = readline.line;
      readline.close();
      resolve({ lines, begun: rest });
    };
    readline.on('line', (line) => {
      lines.push(line);
      // All lines of one piece of input come before the next microtask.
      if (lines.length === 1) queueMicrotask(finish);
    });
    readline.on('SIGINT', () => {
      // As in a shell: the line is given up, its text stays on the screen.
      process.stdout.write('^C\n');
      readline.write(null, { ctrl: true, name: 'e' });
      readline.write(null, { ctrl: true, name: 'u' });
      readline.prompt();
    });
    readline.once('close', () => {
      if (isClosing) return;
      process.stdout.write('\n');
      resolve(undefined);
    });
    readline.prompt();
    if (begun) readline.write(begun);
  });
}
