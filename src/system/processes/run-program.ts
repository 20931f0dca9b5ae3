import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { toolEnvironment } from '../environment.ts';

export interface RunOptions {
  /** By default nothing of ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the program. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program of the host to its end, with what it prints.
 *
 * @param program its absolute path
 * @throws Error with `stderr`, if it fails
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { env = toolEnvironment, signal }: RunOptions = {},
): Promise<{ stdout: string; stderr: string }> {
  return run(program, args, { env, ...(signal ? { signal } : {}) });
}

const run = promisify(execFile);
