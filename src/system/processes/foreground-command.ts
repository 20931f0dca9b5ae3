/**
 * Runs a program of the host in front of the user, with our terminal: for command-line programs only. execa, on which this
 * is built, is loaded at the first use. It costs a daemon too much (docs/decisions/0026-host-commands.md).
 */
import type { CommandResult } from './host-command.ts';

export interface ForegroundCommand {
  /** Its absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether it may read from our standard input, as from a terminal. */
  readonly input: 'inherit' | 'ignore';
  /** Bytes that it may print on standard output, which is returned. It is killed if it prints more. */
  readonly outputBytes: number;
}

/** Runs it until it exits. It shares the standard error of this process. A CTRL-C at the terminal reaches it, too. */
export async function runInForeground({
  program,
  args,
  env,
  input,
  outputBytes,
}: ForegroundCommand): Promise<Omit<CommandResult, 'stderr'>> {
  const { execa } = await import('execa');
  const result = await execa(program, args, {
    env,
    extendEnv: false,
    stdio: [input, 'pipe', 'inherit'],
    maxBuffer: { stdout: outputBytes },
    encoding: 'utf8',
    stripFinalNewline: false,
    killSignal: 'SIGKILL',
    reject: false,
  });
  const { exitCode: status, stdout, failed, isMaxBuffer, signal, originalMessage = '' } = result;
  return { status: isMaxBuffer ? undefined : status, stdout, failure: failed ? why() : '' };

  function why(): string {
    if (isMaxBuffer) return `it printed more than ${outputBytes} bytes`;
    if (signal !== undefined) return `it was ended by ${signal}`;
    return status === undefined ? originalMessage : `it ended with exit status ${status}`;
  }
}
