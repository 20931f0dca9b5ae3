import { findCommand } from '../command-line/command-spec.ts';
import { parseCommand, usageError, usageOf } from '../command-line/parse-command.ts';
import { umlwatchProgram } from '../command-line/programs.ts';
import { lastValue, readOptions } from '../command-line/read-options.ts';
import { quoted, type Refusal } from '../config/problem.ts';
import type { UmlmonError } from '../system/errors/errors.ts';
import { printable } from '../system/text.ts';
import {
  type ArgumentKind,
  argumentParsers,
  type CliCommand,
  type CliSyntax,
} from './commands/argument-kinds.ts';
import { type Command, isCommandName, umlwatchCommands } from './commands/table.ts';

export interface CommandLine {
  readonly target: string | undefined;
  readonly configPath: string | undefined;
  /** Of a management console, instead of a VM. */
  readonly socket: string | undefined;
  /** File with the password for a remote VM. */
  readonly passwordFile: string | undefined;
  /** File with the CAs that a remote host must have a certificate from. */
  readonly ca: string | undefined;
  /** Without TLS. */
  readonly plain: boolean;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly commands: readonly Command[];
}

const onCommandLine: CliSyntax = {
  table: umlwatchCommands,
  parsers: argumentParsers,
  hyphen: '-',
  others: Object.keys(umlwatchProgram.options),
  strayOptions: true,
  hint: 'umlwatch -help lists all commands',
};

const atPrompt: CliSyntax = {
  ...onCommandLine,
  hyphen: '',
  others: ['help', 'quit'],
  hint: 'help lists all commands',
};

function usage(cause: string, hint = onCommandLine.hint): UmlmonError {
  return usageError(cause, hint);
}

/**
 * The command line of umlwatch(1), without the name of the program. Commands keep their order. All arguments are
 * checked here: no command is executed if a later one is wrong. Errors: USAGE.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const options = readOptions(argv, umlwatchProgram);
  const rest = [...options.rest];
  let target: string | undefined;
  const commands: Command[] = [];
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    const name = /^--?([A-Za-z][\w-]*)$/.exec(next)?.[1];
    if (name !== undefined) commands.push(parseCommand(name, rest, onCommandLine) as Command);
    else if (next.startsWith('-')) throw usage(`unknown option ${quoted(next)}`);
    else if (target !== undefined) throw unexpected(next, target, commands.at(-1));
    else target = next;
  }
  const { flags } = options;
  return {
    target,
    configPath: lastValue(options, 'config'),
    socket: lastValue(options, 'mconsole-socket'),
    passwordFile: lastValue(options, 'password-file'),
    ca: lastValue(options, 'ca'),
    plain: flags.has('plain'),
    json: flags.has('json'),
    help: flags.has('help'),
    version: flags.has('version'),
    commands,
  };
}

/** A second argument without hyphen: one argument too many, or a second VM. */
function unexpected(text: string, target: string, last: Command | undefined): UmlmonError {
  if (last) {
    const written = last.subcommand === undefined ? last.name : `${last.name} ${last.subcommand}`;
    const why = optionalRefused(text, last);
    if (why) return usage(`-${written}: ${why.cause}`, why.hint);
    return usage(
      `unexpected argument ${quoted(text)} after -${written}`,
      `use: -${usageOf(last, umlwatchCommands)}`,
    );
  }
  const shown = printable(target, 64);
  if (isCommandName(text))
    return usage(
      `the command ${quoted(text)} needs a hyphen here`,
      `umlwatch ${shown} -${usageOf({ name: text }, umlwatchCommands)}`,
    );
  return usage(`more than one VM: ${quoted(target)} and ${quoted(text)}`, `umlwatch ${shown} -info`);
}

/** Why a text is not the optional argument of a command, if the command has none yet. */
function optionalRefused(text: string, { name, values }: Command): Refusal | undefined {
  const kind = findCommand<ArgumentKind>(umlwatchCommands, name)?.optional;
  if (kind === undefined || values[kind] !== undefined) return undefined;
  const parsed = onCommandLine.parsers[kind](text);
  return 'cause' in parsed ? parsed : undefined;
}

/** One line at the prompt: a command without the hyphen; `#` marks a comment. Errors: USAGE. */
export function parseLine(line: string): Command | undefined {
  const [first, ...rest] = line.trim().split(/\s+/);
  if (!first || first.startsWith('#')) return undefined;
  const name = first.replace(/^--?/, '');
  // A text goes to the end of the line; so do an image with its flags and a network, which need no quotes here.
  const spec: CliCommand | undefined = findCommand<ArgumentKind>(umlwatchCommands, name);
  if (spec && rest.length > 0 && takesText(spec))
    rest.splice(0, rest.length, line.trim().slice(first.length).trim());
  else if (endsInBlanks(spec?.arguments.at(-1)) && rest.length > 2) rest.push(rest.splice(1).join(' '));
  const command = parseCommand(name, rest, atPrompt) as Command;
  const [left] = rest;
  if (left === undefined) return command;
  const why = optionalRefused(left, command);
  if (why) throw usage(`${first}: ${why.cause}`, why.hint);
  throw usage(`unexpected argument ${quoted(left)}`, `use: ${usageOf(command, umlwatchCommands)}`);
}

function endsInBlanks(kind: string | undefined): boolean {
  return kind === 'IMAGE' || kind === 'NETWORK';
}

/** Kinds of arguments that may have blanks in them. */
const texts: ReadonlySet<ArgumentKind> = new Set(['TEXT', 'COMMAND', 'KEYS', 'PATTERN']);

function takesText(spec: CliCommand): boolean {
  const [first] = spec.arguments;
  return first !== undefined ? texts.has(first) : spec.optional === 'TEXT';
}
