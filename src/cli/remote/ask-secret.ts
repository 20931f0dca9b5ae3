import { openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { beforeDeath } from '../../system/errors/deadly-signals.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { remoteLimits } from '../../system/limits/limits.ts';

const keys = { interrupt: '\u0003', end: '\u0004', eraseLine: '\u0015' } as const;

/**
 * Asks for a text on the terminal of this process that is not shown, whatever input and output are. Undefined if there is no
 * terminal. Errors: PASSWORD_BAD if no answer comes.
 */
export async function askSecret(question: string): Promise<string | undefined> {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r+');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return undefined;
  }
  const terminal = new ReadStream(fd);
  const release = beforeDeath(() => terminal.setRawMode(false));
  try {
    terminal.setRawMode(true);
    process.stderr.write(question);
    return await readLine(terminal);
  } finally {
    release();
    terminal.setRawMode(false);
    process.stderr.write('\n');
    terminal.destroy();
  }
}

function readLine(terminal: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const give = (error: Error) => reject(error);
    terminal.setEncoding('utf8');
    terminal.on('error', give);
    terminal.on('end', () => give(nothing('the terminal is gone')));
    terminal.on('data', (text: string) => {
      for (const key of text) {
        if (key === '\r' || key === '\n') return resolve(typed.join(''));
        if (key === keys.interrupt || key === keys.end) return give(nothing('no password was given'));
        if (key === keys.eraseLine) typed = [];
        else if (key === '\b' || key === '\u007f') typed.pop();
        else if (typed.length < remoteLimits.passwordMost) typed.push(key);
      }
    });
  });
}

function nothing(cause: string): UmlmonError {
  return new UmlmonError('PASSWORD_BAD', { place: 'password', cause });
}
