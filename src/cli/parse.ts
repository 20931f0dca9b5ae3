import { suggest } from '../config/suggest.ts';
import { UmlmonError } from '../system/errors.ts';
import { type Command, type Word, type WordName, usageOf, wordNames, words } from './words.ts';

export interface CommandLine {
  readonly target: string | undefined;
  readonly configPath: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly commands: readonly Command[];
}

function usage(cause: string, hint = 'umlwatch -help lists all words'): UmlmonError {
  return new UmlmonError('USAGE', { place: 'umlwatch', cause, hint });
}

/**
 * `umlwatch [-config PATH] [-json] VM [-WORD [ARGUMENT …] …]`. Options are commands and keep their order; one or
 * two hyphens are the same. Errors: USAGE.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const rest = [...argv];
  const found = { target: undefined as string | undefined, configPath: undefined as string | undefined };
  const flags = { json: false, help: false, version: false };
  const commands: Command[] = [];
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    const option = /^--?([a-z][a-z-]*)$/.exec(next)?.[1];
    if (option === undefined) {
      if (next.startsWith('-')) throw usage(`${next} is not an option`);
      if (found.target !== undefined) throw usage(`${next}: there is a VM already (${found.target})`);
      found.target = next;
    } else if (option === 'json' || option === 'help' || option === 'version') flags[option] = true;
    else if (option === 'config') {
      found.configPath = rest.shift();
      if (found.configPath === undefined) throw usage('-config needs a PATH');
    } else commands.push(takeCommand(option, rest));
  }
  return { ...found, ...flags, commands };
}

/** One line of the interactive mode: the same words without the hyphen. Errors: USAGE. */
export function parseLine(line: string): Command | undefined {
  const [first, ...rest] = line.trim().split(/\s+/);
  if (!first) return undefined;
  const command = takeCommand(first.replace(/^--?/, ''), rest);
  const left = rest[0];
  if (left !== undefined) throw usage(`${left}: too much; use: ${usageOf(command.word)}`);
  return command;
}

function isWord(name: string): name is WordName {
  return Object.hasOwn(words, name);
}

function takeCommand(name: string, rest: string[]): Command {
  if (!isWord(name)) {
    const near = suggest(name, wordNames);
    throw usage(`unknown word ${name}`, near ? `did you mean ${near}?` : undefined);
  }
  const word: Word = words[name];
  const options: Record<string, string[]> = {};
  const takeAll = (names: readonly string[]) =>
    names.map((wanted) => {
      const value = rest.shift();
      if (value === undefined || value.startsWith('-')) throw usage(`${name} needs ${wanted}`, usageOf(name));
      return value;
    });
  const values = takeAll(word.arguments);
  for (;;) {
    const option = /^--?([a-z]+)$/.exec(rest[0] ?? '')?.[1];
    const wanted = option === undefined ? undefined : word.options[option];
    if (option === undefined || wanted === undefined) break;
    rest.shift();
    options[option] = takeAll(wanted);
  }
  return { word: name, arguments: values, options };
}
