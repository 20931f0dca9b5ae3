import { quoted } from '../../config/problem.ts';
import { suggest } from '../../config/suggest.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { ArgumentKind, ArgumentParsers } from './argument-kinds.ts';
import {
  type CommandForm,
  type CommandSpec,
  type CommandTable,
  findCommand,
  formsOf,
  optionsOf,
  usageText,
} from './spec.ts';

/** How words are written in one place: on a command line, or typed. */
export interface CommandSyntax {
  readonly table: CommandTable;
  readonly parsers: ArgumentParsers;
  /** What stands before a word. */
  readonly hyphen: '-' | '';
  /** What else may be written where a word may, with its hyphen; for suggestions. */
  readonly others: readonly string[];
  /** Whether the error names an option without a word as an option; where words have no hyphen, the reader may have meant a word. */
  readonly strayOptions: boolean;
  /** Where all words are listed. */
  readonly hint: string;
}

/** A word with what belongs to it, of any table. */
export interface ParsedCommand {
  readonly name: string;
  readonly subcommand?: string;
  readonly options: ReadonlySet<string>;
  readonly values: Partial<Record<ArgumentKind, string | number>>;
  /** What a word of which any number may follow was given. */
  readonly many?: readonly string[];
}

export function usageError(cause: string, hint: string): UmlmonError {
  return new UmlmonError('USAGE', { place: '', cause, hint });
}

/** Takes a word, its word of its own, arguments and options off `rest`. Errors: USAGE. */
export function parseCommand(name: string, rest: string[], dialect: CommandSyntax): ParsedCommand {
  const { table, parsers, hyphen } = dialect;
  const outer = findCommand(table, name);
  if (!outer) throw unknownCommand(name, dialect);
  const use = outer.subcommands
    ? parseSubcommand({ path: [name], spec: outer }, rest, hyphen)
    : { path: [name], spec: outer };
  const { spec: word } = use;
  const written = `${hyphen}${use.path.join(' ')}`;
  const usage = `use: ${hyphen}${usageText(use)}`;
  const values: Partial<Record<ArgumentKind, string | number>> = {};
  const takeAll = (kinds: readonly ArgumentKind[], after: string) => {
    for (const kind of kinds) {
      const text = rest.shift();
      if (text === undefined || (text.startsWith('-') && kind !== 'VALUE'))
        throw usageError(`${after} needs a ${kind}`, usage);
      const parsed = parsers[kind](text);
      if ('cause' in parsed) throw usageError(`${after}: ${parsed.cause}`, parsed.hint || usage);
      values[kind] = parsed.value;
    }
  };
  takeAll(word.arguments, written);
  if (word.optional && rest[0] !== undefined && 'value' in parsers[word.optional](rest[0]))
    takeAll([word.optional], written);
  const options = new Set<string>();
  const many: string[] = [];
  for (let [next] = rest; next !== undefined; [next] = rest) {
    const option = /^--?([a-z][a-z0-9]*)$/.exec(next)?.[1];
    if (option !== undefined && Object.hasOwn(word.options, option)) {
      rest.shift();
      options.add(option);
      takeAll(word.options[option] ?? [], hyphen ? `-${option}` : `${written} -${option}`);
    } else if (word.many && !next.startsWith('-')) {
      takeAll([word.many], written);
      many.push(next);
    } else break;
  }
  const [, sub] = use.path;
  return {
    name: name,
    ...(sub === undefined ? {} : { subcommand: sub }),
    values,
    options,
    ...(word.many ? { many } : {}),
  };
}

/** The word of its own that follows a word; it has no hyphen anywhere. */
function parseSubcommand({ path, spec: word }: CommandForm, rest: string[], hyphen: '-' | ''): CommandForm {
  const names = Object.keys(word.subcommands ?? {});
  const written = `${hyphen}${path.join(' ')}`;
  const name = rest.shift();
  const hint = `one of ${names.join(', ')}`;
  if (name === undefined) throw usageError(`${written} what?`, hint);
  const sub = findCommand(word.subcommands, name);
  if (sub) return { path: [...path, name], spec: sub };
  const near = suggest(name.replace(/^--?/, ''), names);
  throw usageError(
    `unknown word ${quoted(name)} after ${written}`,
    near ? `did you mean ${written} ${near}?` : hint,
  );
}

function unknownCommand(
  name: string,
  { table, hyphen, others, hint, strayOptions }: CommandSyntax,
): UmlmonError {
  const owners = formsOf(table).filter(({ spec: word }) => Object.hasOwn(word.options, name));
  if (strayOptions && owners.length > 0)
    return usageError(
      `-${name} does not stand here`,
      `use: ${owners.map((use) => hyphen + usageText(use)).join(', ')}`,
    );
  const inner = formsOf(table).find(({ path }) => path[1] === name);
  if (inner)
    return usageError(`unknown word ${quoted(name)}`, `did you mean ${hyphen}${inner.path.join(' ')}?`);
  const options = hyphen ? optionsOf(table) : [];
  const near = suggest(name, [...Object.keys(table), ...others, ...options]);
  return usageError(`unknown word ${quoted(name)}`, near ? `did you mean ${hyphen}${near}?` : hint);
}

/** How a word is used, as a hint; of one with words of its own, that one. */
export function usageOf(
  { name: word, subcommand: sub }: Pick<ParsedCommand, 'name' | 'subcommand'>,
  table: CommandTable,
): string {
  const outer: CommandSpec | undefined = findCommand(table, word);
  const inner = sub === undefined ? undefined : findCommand(outer?.subcommands, sub);
  if (inner && sub !== undefined) return usageText({ path: [word, sub], spec: inner });
  return outer ? usageText({ path: [word], spec: outer }) : word;
}
