import { quoted, type Refusal } from '../config/problem.ts';
import type { UmlmonError } from '../system/errors/errors.ts';
import { printable } from '../system/text.ts';
import { type ArgumentKind, argumentParsers } from './commands/argument-kinds.ts';
import { type CommandSyntax, parseCommand, usageError, usageOf } from './commands/parse-command.ts';
import { type CommandSpec, findCommand } from './commands/spec.ts';
import { type Command, isCommandName, umlwatchCommands } from './commands/table.ts';

export interface CommandLine {
  readonly target: string | undefined;
  readonly configPath: string | undefined;
  /** Of a management console, instead of a VM. */
  readonly socket: string | undefined;
  /** File with the password for a remote VM. */
  readonly passwordFile: string | undefined;
  /** File with the authorities that must vouch for its host. */
  readonly ca: string | undefined;
  /** Without TLS. */
  readonly plain: boolean;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly commands: readonly Command[];
}

/** Options with a path, and what it is. */
const optionPaths = {
  config: 'a configuration file',
  'mconsole-socket': 'the socket of a kernel: uml_dir/UMID/mconsole',
  'password-file': 'a file with the password in its first line',
  ca: 'a file with certificates in PEM form',
} as const;

const onCommandLine: CommandSyntax = {
  table: umlwatchCommands,
  parsers: argumentParsers,
  hyphen: '-',
  others: ['help', 'version', 'json', 'plain', ...Object.keys(optionPaths)],
  strayOptions: true,
  hint: 'umlwatch -help lists all words',
};

const typed: CommandSyntax = {
  ...onCommandLine,
  hyphen: '',
  others: ['help', 'quit'],
  strayOptions: true,
  hint: 'help lists all words',
};

function usage(cause: string, hint = onCommandLine.hint): UmlmonError {
  return usageError(cause, hint);
}

/**
 * `umlwatch [-config PATH] [-json] [-password-file PATH] [-ca PATH] [-plain] VM [-WORD [ARGUMENT …] …]`, or `-mconsole-socket PATH` in the place of the VM. Words
 * keep their order; one or two hyphens are the same. Arguments are checked here, so that a mistake in the last word keeps
 * the first from being done. Errors: USAGE.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const rest = [...argv];
  let target: string | undefined;
  const paths: { -readonly [option in keyof typeof optionPaths]?: string } = {};
  const flags = { json: false, help: false, version: false, plain: false };
  const commands: Command[] = [];
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    const option = /^--?([A-Za-z][\w-]*)$/.exec(next)?.[1];
    if (option === undefined) {
      if (next.startsWith('-')) throw usage(`${quoted(next)} is not an option`);
      if (target !== undefined) throw surplus(next, target, commands.at(-1));
      target = next;
    } else if (Object.hasOwn(flags, option)) flags[option as keyof typeof flags] = true;
    else if (Object.hasOwn(optionPaths, option)) {
      const name = option as keyof typeof optionPaths;
      const path = rest.shift();
      if (!path) throw usageError(`-${name} needs a PATH`, optionPaths[name]);
      paths[name] = path;
    } else commands.push(parseCommand(option, rest, onCommandLine) as Command);
  }
  return {
    target,
    configPath: paths.config,
    socket: paths['mconsole-socket'],
    passwordFile: paths['password-file'],
    ca: paths.ca,
    ...flags,
    commands,
  };
}

/** A second word without hyphen: one argument too many, or a second VM. */
function surplus(text: string, target: string, last: Command | undefined): UmlmonError {
  if (last) {
    const written = last.subcommand === undefined ? last.name : `${last.name} ${last.subcommand}`;
    const why = notTaken(text, last);
    if (why) return usage(`-${written}: ${why.cause}`, why.hint);
    return usage(`${quoted(text)} is too much after -${written}`, `use: -${usageOf(last, umlwatchCommands)}`);
  }
  const shown = printable(target, 64);
  if (isCommandName(text))
    return usage(
      `${quoted(text)} needs a hyphen here`,
      `umlwatch ${shown} -${usageOf({ name: text }, umlwatchCommands)}`,
    );
  return usage(`one VM at a time: ${quoted(target)} or ${quoted(text)}?`, `umlwatch ${shown} -info`);
}

/** Why a text is not the argument that a word may have, if that is still missing. */
function notTaken(text: string, { name: word, values }: Command): Refusal | undefined {
  const kind = findCommand(umlwatchCommands, word)?.optional;
  if (kind === undefined || values[kind] !== undefined) return undefined;
  const parsed = onCommandLine.parsers[kind](text);
  return 'cause' in parsed ? parsed : undefined;
}

/** One line of the interactive mode: the same words without the hyphen; `#` begins a comment. Errors: USAGE. */
export function parseLine(line: string): Command | undefined {
  const [first, ...rest] = line.trim().split(/\s+/);
  if (!first || first.startsWith('#')) return undefined;
  const name = first.replace(/^--?/, '');
  // A text goes to the end of the line; so do an image with its flags and a network, which need no quotes here.
  const word = findCommand(umlwatchCommands, name);
  if (word && rest.length > 0 && takesText(word))
    rest.splice(0, rest.length, line.trim().slice(first.length).trim());
  else if (endsInBlanks(word?.arguments.at(-1)) && rest.length > 2) rest.push(rest.splice(1).join(' '));
  const command = parseCommand(name, rest, typed) as Command;
  const left = rest[0];
  const why = left === undefined ? undefined : notTaken(left, command);
  if (why) throw usage(`${first}: ${why.cause}`, why.hint);
  if (left !== undefined)
    throw usage(`${quoted(left)} is too much`, `use: ${usageOf(command, umlwatchCommands)}`);
  return command;
}

function endsInBlanks(kind: string | undefined): boolean {
  return kind === 'IMAGE' || kind === 'NETWORK';
}

/** Kinds of arguments that may have blanks in them. */
const texts: ReadonlySet<ArgumentKind> = new Set(['TEXT', 'COMMAND', 'KEYS', 'PATTERN']);

function takesText(word: CommandSpec): boolean {
  const [first] = word.arguments;
  return first !== undefined ? texts.has(first) : word.optional === 'TEXT';
}
