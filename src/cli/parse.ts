import { quoted } from '../config/problem.ts';
import { suggest } from '../config/suggest.ts';
import { UmlmonError } from '../system/errors.ts';
import { printable } from '../system/text.ts';
import {
  type ArgumentKind,
  argumentParsers,
  type Command,
  isWord,
  optionNames,
  usageOf,
  type Word,
  wordNames,
  words,
} from './words.ts';

export interface CommandLine {
  readonly target: string | undefined;
  readonly configPath: string | undefined;
  /** Of a management console, instead of a VM. */
  readonly socket: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly commands: readonly Command[];
}

function usage(cause: string, hint = 'umlwatch -help lists all words'): UmlmonError {
  return new UmlmonError('USAGE', { place: '', cause, hint });
}

/**
 * `umlwatch [-config PATH] [-json] VM [-WORD [ARGUMENT …] …]`, or `-mconsole-socket PATH` in the place of the VM. Words keep their order; one or two hyphens are the
 * same. Arguments are checked here, so that a mistake in the last word keeps the first from being done. Errors: USAGE.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const rest = [...argv];
  const found = {
    target: undefined as string | undefined,
    configPath: undefined as string | undefined,
    socket: undefined as string | undefined,
  };
  const flags = { json: false, help: false, version: false };
  const commands: Command[] = [];
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    const option = /^--?([A-Za-z][\w-]*)$/.exec(next)?.[1];
    if (option === undefined) {
      if (next.startsWith('-')) throw usage(`${quoted(next)} is not an option`);
      if (found.target !== undefined) throw surplus(next, found.target, commands.at(-1));
      found.target = next;
    } else if (option === 'json' || option === 'help' || option === 'version') flags[option] = true;
    else if (option === 'config') {
      found.configPath = rest.shift();
      if (found.configPath === undefined) throw usage('-config needs a PATH');
    } else if (option === 'mconsole-socket') {
      found.socket = rest.shift();
      if (!found.socket) throw usage('-mconsole-socket needs the PATH of a socket');
    } else commands.push(takeCommand(option, rest, '-'));
  }
  return { ...found, ...flags, commands };
}

/** A second word without hyphen: one argument too many, or a second VM. */
function surplus(text: string, target: string, last: Command | undefined): UmlmonError {
  if (last) return usage(`${quoted(text)} is too much after -${last.word}`, `use: -${usageOf(last.word)}`);
  const shown = printable(target, 64);
  if (isWord(text))
    return usage(`${quoted(text)} needs a hyphen here`, `umlwatch ${shown} -${usageOf(text)}`);
  return usage(`one VM at a time: ${quoted(target)} or ${quoted(text)}?`, `umlwatch ${shown} -info`);
}

/** One line of the interactive mode: the same words without the hyphen; `#` begins a comment. Errors: USAGE. */
export function parseLine(line: string): Command | undefined {
  const [first, ...rest] = line.trim().split(/\s+/);
  if (!first || first.startsWith('#')) return undefined;
  const name = first.replace(/^--?/, '');
  // A text goes to the end of the line.
  if (isWord(name) && rest.length > 0 && takesText(words[name]))
    rest.splice(0, rest.length, line.trim().slice(first.length).trim());
  const command = takeCommand(name, rest, '');
  const left = rest[0];
  if (left !== undefined) throw usage(`${quoted(left)} is too much`, `use: ${usageOf(command.word)}`);
  return command;
}

function takesText(word: Word): boolean {
  return word.arguments[0] === 'TEXT' || (word.arguments.length === 0 && word.optional === 'TEXT');
}

/** Takes a word's arguments and options off `rest`. `hyphen` is how words are written here. */
function takeCommand(name: string, rest: string[], hyphen: '-' | ''): Command {
  if (!isWord(name)) throw unknownWord(name, hyphen);
  const word: Word = words[name];
  const values: Partial<Record<ArgumentKind, string | number>> = {};
  const takeAll = (kinds: readonly ArgumentKind[], after: string) => {
    for (const kind of kinds) {
      const text = rest.shift();
      if (text === undefined || text.startsWith('-'))
        throw usage(`${after} needs a ${kind}`, `use: ${hyphen}${usageOf(name)}`);
      const parsed = argumentParsers[kind](text);
      if ('cause' in parsed)
        throw usage(`${after}: ${parsed.cause}`, parsed.hint || `use: ${hyphen}${usageOf(name)}`);
      values[kind] = parsed.value;
    }
  };
  takeAll(word.arguments, `${hyphen}${name}`);
  if (word.optional && rest[0] !== undefined && 'value' in argumentParsers[word.optional](rest[0]))
    takeAll([word.optional], `${hyphen}${name}`);
  const options = new Set<string>();
  for (;;) {
    const option = /^--?([a-z]+)$/.exec(rest[0] ?? '')?.[1];
    if (option === undefined || !Object.hasOwn(word.options, option)) break;
    rest.shift();
    options.add(option);
    takeAll(word.options[option] ?? [], `-${option}`);
  }
  return { word: name, values, options } as Command;
}

function unknownWord(name: string, hyphen: '-' | ''): UmlmonError {
  const owners = wordNames.filter((word) => Object.hasOwn(words[word].options, name));
  if (owners.length > 0)
    return usage(
      `-${name} does not stand here`,
      `use: ${owners.map((word) => hyphen + usageOf(word)).join(', ')}`,
    );
  const others = hyphen
    ? ['help', 'version', 'json', 'config', 'mconsole-socket', ...optionNames]
    : ['help', 'quit'];
  const near = suggest(name, [...wordNames, ...others]);
  return usage(`unknown word ${quoted(name)}`, near ? `did you mean ${hyphen}${near}?` : listHint(hyphen));
}

function listHint(hyphen: '-' | ''): string {
  return hyphen ? 'umlwatch -help lists all words' : 'help lists all words';
}
