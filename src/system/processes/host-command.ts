/**
 * The one way in which daemons, and the code that they share with other programs, run a program of the host.
 * Programs that share their terminal with the one that they run use foreground-command.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { toolEnvironment } from '../environment.ts';
import { type ErrorCode, UmlmonError } from '../errors/errors.ts';
import { serviceLimits } from '../limits/limits.ts';
import { printable } from '../text.ts';

export interface HostCommand {
  /** Its absolute path, as findProgram and trustedProgram return it. */
  readonly program: string;
  readonly args: readonly string[];
  /** Its standard input; by default empty. */
  readonly input?: string;
  /** Descriptors that it inherits, as its descriptors from 3 on. */
  readonly inherits?: readonly number[];
  /** By default PATH and LC_ALL, and none of our variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until it is killed; by default it may run for any time. */
  readonly timeMs?: number;
  /** Bytes that it may print, on standard output and standard error together. */
  readonly outputBytes?: number;
  /** What happens to a program that prints more: it is killed, or the rest is thrown away. By default it is killed. */
  readonly excess?: 'kill' | 'drop';
  /** Kills it. The promise rejects with the reason after the program has exited. */
  readonly signal?: AbortSignal | undefined;
}

export interface CommandResult {
  /** Exit status; undefined if it did not run or was killed. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it failed, without its own messages; '' for status 0. */
  readonly failure: string;
}

/**
 * Runs a program in a process group of its own until it has exited and its output is closed. A timeout, an abort and too
 * much output kill the whole group. The event loop runs meanwhile.
 *
 * @throws the reason of `signal`, and nothing else
 */
export async function runHostCommand(command: HostCommand): Promise<CommandResult> {
  const { signal } = command;
  signal?.throwIfAborted();
  let child: ChildProcess;
  try {
    child = start(command);
  } catch (error) {
    // For some errors Node throws, for others it emits them.
    return notRun(error);
  }
  const result = await resultOf(child, command);
  signal?.throwIfAborted();
  return result;
}

/** How a failed command is reported. */
export interface CommandReport {
  readonly code: ErrorCode;
  readonly place: string;
  readonly hint?: string;
  /** Removes from its messages those that do not explain the failure. */
  readonly clean?: (stderr: string) => string;
}

/**
 * Does so for a program that has to succeed.
 *
 * @returns its standard output
 * @throws UmlmonError with the code of the report and the program's own message; the reason of `signal`
 */
export async function requireHostCommand(command: HostCommand, report: CommandReport): Promise<string> {
  const result = await runHostCommand(command);
  if (result.failure !== '') throw commandError(result, report);
  return result.stdout;
}

/** The error for a result with a failure. */
export function commandError(
  result: CommandResult,
  { code, place, hint, clean }: CommandReport,
): UmlmonError {
  return new UmlmonError(code, {
    place: printable(place, serviceLimits.commandPlace),
    cause: failureWords(result, clean),
    ...(hint ? { hint } : {}),
  });
}

/** The program's own error message; else how it ended. A killed program may have printed something unrelated. */
function failureWords({ status, stderr, failure }: CommandResult, clean = (words: string) => words): string {
  const words = stderr.trim() === '' ? '' : clean(stderr).trim().replaceAll(/\n+/g, '; ');
  return printable(status === undefined || words === '' ? failure : words, serviceLimits.commandWords);
}

function start({ program, args, input, inherits = [], env = toolEnvironment }: HostCommand): ChildProcess {
  return spawn(program, args, {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...inherits],
    env,
    cwd: '/',
    // A group of its own, by which all of it is killed.
    detached: true,
  });
}

function notRun(error: unknown): CommandResult {
  const failure = error instanceof Error ? error.message : String(error);
  return { status: undefined, stdout: '', stderr: '', failure };
}

function resultOf(
  child: ChildProcess,
  { input, timeMs, outputBytes = serviceLimits.commandOutput, excess = 'kill', signal }: HostCommand,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    let killed = '';
    const kill = (why: string) => {
      if (killed !== '') return;
      killed = why;
      killGroup(child);
      // A process that has left the group may keep the pipes open.
      for (const stream of child.stdio) stream?.destroy();
    };
    const timer =
      timeMs === undefined ? undefined : setTimeout(kill, timeMs, `not done within ${timeMs / 1000} s`);
    const abort = () => kill('it was given up');
    signal?.addEventListener('abort', abort);
    let bytes = 0;
    const collect = (pieces: Buffer[]) => (piece: Buffer) => {
      const room = Math.max(0, outputBytes - bytes);
      bytes += piece.length;
      if (room > 0) pieces.push(piece.subarray(0, room));
      if (bytes > outputBytes && excess === 'kill') kill(`it printed more than ${outputBytes} bytes`);
    };
    const [output, words]: [Buffer[], Buffer[]] = [[], []];
    child.stdout?.on('data', collect(output));
    child.stderr?.on('data', collect(words));
    // EPIPE: a program need not read its input.
    child.stdin?.on('error', () => undefined).end(input);
    const finish = (result: CommandResult) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      resolve(result);
    };
    child.once('error', (error) => {
      // Without a process there is no other event.
      if (child.pid === undefined) finish(notRun(error));
    });
    child.once('close', (code, by) => {
      const status = killed === '' && code !== null ? code : undefined;
      const how = by ? `it was ended by ${by}` : `it failed with status ${code}`;
      const text = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString('utf8');
      finish({
        status,
        stdout: text(output),
        stderr: text(words),
        failure: status === 0 ? '' : killed || how,
      });
    });
  });
}

function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined) return;
  const hasExited = exitCode !== null || signalCode !== null;
  // Another process may have got the number of one that has exited, but not while there are others of the group.
  if (hasExited && existsSync(`/proc/${pid}`)) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: nothing is left of it.
  }
}
