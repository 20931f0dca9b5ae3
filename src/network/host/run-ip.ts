/** Runs ip(8), bridge(8) and nft(8), without a shell. */
import { basename } from 'node:path';
import { UmlmonError } from '../../system/errors/errors.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import {
  type CommandResult,
  commandError,
  type HostCommand,
  runHostCommand,
} from '../../system/processes/host-command.ts';

/** The arguments of one command of ip(8), without the program. */
export type CommandWords = readonly string[];

export interface Runner {
  readonly program: string;
  /** The descriptor of the lock (network-record.ts), which the program inherits. */
  readonly lock: number;
  /** Program and arguments before it: nsenter(1). */
  readonly within?: readonly string[] | undefined;
}

/**
 * Runs commands in one process, in their order, up to the first that fails. Their arguments must not need quotes.
 *
 * @throws UmlmonError NETWORK_COMMAND, with the command that failed and the message of the program
 */
export async function runCommands(runner: Runner, commands: readonly CommandWords[]): Promise<void> {
  if (commands.length === 0) return;
  const result = await run(runner, ['-batch', '-'], batchOf(commands));
  if (result.failure === '') return;
  // `Command failed -:3`: the number of the line, from 1 on.
  const line = Number(/^Command failed -:(\d+)/m.exec(result.stderr)?.[1] ?? 0);
  throw failureOf(runner.program, commands[line - 1] ?? ['-batch'], result);
}

/** Gives rules to nft(8), which sets all of them or none. Errors: NETWORK_COMMAND. */
export async function runRules(runner: Runner, rules: string): Promise<void> {
  const result = await run(runner, ['-f', '-'], rules);
  if (result.failure !== '') throw failureOf(runner.program, ['-f', '-'], result);
}

/** What nft(8) answers, as libnftables-json(5); undefined if it fails, as it does for a missing table. */
export async function askRules(nft: string, words: CommandWords): Promise<string | undefined> {
  const { stdout, failure } = await runHostCommand(query(nft, ['--json', '--terse', ...words]));
  return failure === '' ? stdout : undefined;
}

/** What ip(8) answers, as JSON. Errors: NETWORK_COMMAND. */
export async function askIp(ip: string, words: CommandWords): Promise<unknown> {
  const answer = await askNetwork(ip, ['-json', ...words]);
  try {
    // Some versions print nothing for an empty list.
    return JSON.parse(answer.trim() || '[]');
  } catch {
    throw new UmlmonError('NETWORK_COMMAND', {
      place: `${basename(ip)} ${words.join(' ')}`,
      cause: 'its answer is not JSON',
      hint: 'iproute2 4.17 and newer have JSON',
    });
  }
}

/**
 * What a program prints about the network of the host.
 *
 * @param commands of `-batch -`
 * @throws UmlmonError NETWORK_COMMAND if it fails, takes longer than `commandTime` or prints more than `outputBytes`
 */
export async function askNetwork(
  program: string,
  args: readonly string[],
  commands?: readonly CommandWords[],
): Promise<string> {
  const result = await runHostCommand({
    ...query(program, args),
    ...(commands ? { input: batchOf(commands) } : {}),
  });
  if (result.failure === '') return result.stdout;
  throw failureOf(program, args, result);
}

/** Commands as ip(8) and bridge(8) read them with `-batch -`. */
export function batchOf(commands: readonly CommandWords[]): string {
  return commands.map((words) => `${words.join(' ')}\n`).join('');
}

function query(program: string, args: readonly string[]): HostCommand {
  const { commandTime: timeMs, outputBytes } = networkLimits;
  return { program, args, timeMs, outputBytes };
}

function run(
  { program, lock, within = [] }: Runner,
  args: readonly string[],
  input: string,
): Promise<CommandResult> {
  const [first = program, ...words] = [...within, program, ...args];
  return runHostCommand({ ...query(first, words), input, inherits: [lock] });
}

function failureOf(program: string, words: CommandWords, result: CommandResult): UmlmonError {
  return commandError(result, {
    code: 'NETWORK_COMMAND',
    place: `${basename(program)} ${words.join(' ')}`,
    clean: (text) => text.replaceAll(/^Command failed .*$/gm, ''),
  });
}
