/** Runs ip(8), bridge(8) and nft(8), without a shell. */
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { UmlmonError } from '../../system/errors/errors.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';

/** The words of one command of ip(8), without the program. */
export type Words = readonly string[];

export interface Runner {
  readonly program: string;
  /** The descriptor of the turn (network-record.ts). */
  readonly turn: number;
  /** Words before the program: nsenter(1). */
  readonly within?: readonly string[] | undefined;
}

/**
 * Runs commands in one process, in their order, up to the first that fails. They must be made of plain words. The
 * process inherits the descriptor of the turn (network-record.ts).
 *
 * @throws UmlmonError NETWORK_COMMAND, with the command that failed and the words of the program
 */
export function runCommands({ program, turn, within }: Runner, commands: readonly Words[]): void {
  if (commands.length === 0) return;
  const input = commands.map((words) => `${words.join(' ')}\n`).join('');
  const { status, stderr, error } = run(program, ['-batch', '-'], { input, inherits: [turn], within });
  if (status === 0 && !error) return;
  // `Command failed -:3`: the number of the line, from 1 on.
  const line = Number(/^Command failed -:(\d+)/m.exec(stderr)?.[1] ?? 0);
  const words = stderr.replace(/^Command failed .*$/m, '');
  throw failure(program, commands[line - 1] ?? ['-batch'], error?.message ?? words);
}

/** Has nft(8) do what a text says, all of it or nothing. Errors: NETWORK_COMMAND. */
export function runRules({ program, turn, within }: Runner, rules: string): void {
  const { status, stderr, error } = run(program, ['-f', '-'], { input: rules, inherits: [turn], within });
  if (status !== 0 || error) throw failure(program, ['-f', '-'], error?.message ?? stderr);
}

/** What nft(8) answers, as libnftables-json(5); undefined if there is no such thing. */
export function askRules(nft: string, words: Words): string | undefined {
  const { status, stdout } = run(nft, ['--json', '--terse', ...words], { input: '', inherits: [] });
  return status === 0 ? stdout : undefined;
}

/** What ip(8) answers, as JSON. Errors: NETWORK_COMMAND. */
export function askIp(ip: string, words: Words): unknown {
  const { status, stdout, stderr, error } = run(ip, ['-json', ...words], { input: '', inherits: [] });
  if (status !== 0 || error) throw failure(ip, words, error?.message ?? stderr);
  try {
    // Nothing at all stands for an empty list in some versions.
    return JSON.parse(stdout.trim() || '[]');
  } catch {
    throw failure(ip, words, 'its answer is no JSON; iproute2 4.17 and newer have that');
  }
}

interface Feed {
  readonly within?: readonly string[] | undefined;
  readonly input: string;
  readonly inherits: readonly number[];
}

function run(program: string, args: readonly string[], { input, inherits, within = [] }: Feed) {
  const [first = program, ...words] = [...within, program, ...args];
  return spawnSync(first, words, {
    input,
    stdio: ['pipe', 'pipe', 'pipe', ...inherits],
    encoding: 'utf8',
    timeout: networkLimits.commandTime,
    maxBuffer: networkLimits.outputBytes,
    env: { LC_ALL: 'C' },
  });
}

function failure(program: string, words: Words, cause: string): UmlmonError {
  return new UmlmonError('NETWORK_COMMAND', {
    place: `${basename(program)} ${words.join(' ')}`,
    cause: printable(cause.trim().replaceAll('\n', '; '), 500) || 'it failed without a word',
  });
}
