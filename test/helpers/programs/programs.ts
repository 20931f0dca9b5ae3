import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { Pty } from '../../../src/console/pty.ts';

export interface RecordedProgram {
  readonly name: string;
  readonly argv: readonly string[];
  /** Typed one after the other, each when the program is quiet. */
  readonly keys: readonly string[];
}

const list = 'for i in $(seq 300); do echo "line $i of a text that is read $((i * i))"; done >"$1"';
const inFile = (command: string) => ['sh', '-c', `f=$(mktemp); set -- "$f"; ${list}; ${command}; rm "$f"`];

/** Programs of the host that draw on the whole screen; those of the demo guest are tested in it. */
export const programs: readonly RecordedProgram[] = [
  {
    name: 'vim',
    argv: inFile('vim -u NONE -i NONE -n "$f"'),
    keys: ['\x06', ':set hlsearch number\r', '/7\r', '5dd', ':split\r', 'ihello\x1b', ':qa!\r'],
  },
  { name: 'less', argv: inFile('less -N "$f"'), keys: [' ', '/1.9\r', 'G', '\x15', 'q'] },
  { name: 'top', argv: ['top', '-d', '60', '-n', '3'], keys: ['z', '1', 'q'] },
];

/** Milliseconds without output after which a program waits for keys. */
const quietMs = 150;

/** The output of a program on a terminal of 80 × 24, and its length at the time of each key. */
export async function recordProgram(
  argv: readonly string[],
  keys: readonly string[],
): Promise<[Buffer, number[]]> {
  const pty = Pty.open({ columns: 80, rows: 24 });
  const pieces: Buffer[] = [];
  let length = 0;
  const failed = (error: Error) => {
    throw error;
  };
  const data = (bytes: Buffer) => {
    pieces.push(Buffer.from(bytes));
    length += bytes.length;
  };
  pty.start({ data, failed });
  const [command = '', ...args] = argv;
  const env = { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' };
  const child = spawn('setsid', ['--ctty', '--wait', command, ...args], {
    stdio: [pty.slave, pty.slave, pty.slave],
    env,
  });
  let hasEnded = false;
  const ended = new Promise<void>((resolve) =>
    child.once('exit', () => {
      hasEnded = true;
      resolve();
    }),
  );
  const quiet = async () => {
    for (let before = -1; before !== length || length === 0; ) {
      before = length;
      await delay(quietMs);
    }
  };
  const places: number[] = [];
  for (const key of keys) {
    await quiet();
    places.push(length);
    pty.write(Buffer.from(key));
  }
  // A program may discard input that arrives before it is ready.
  while (!hasEnded) {
    await Promise.race([ended, delay(10 * quietMs)]);
    if (!hasEnded) pty.write(Buffer.from(keys.at(-1) ?? ''));
  }
  pty.drain();
  pty.close();
  return [Buffer.concat(pieces), places];
}
