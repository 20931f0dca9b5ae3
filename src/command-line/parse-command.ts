import { quoted } from '../config/problem.ts';
import { suggest } from '../config/suggest.ts';
import type { Parser } from '../config/values/values.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import {
  type CommandForm,
  type CommandSpec,
  type CommandTable,
  findCommand,
  formsOf,
  optionsOf,
  usageText,
} from './command-spec.ts';

/** How commands are written in one place: on a command line, or at a prompt. */
export interface CommandSyntax<Kind extends string = string> {
  readonly table: CommandTable<Kind>;
  /** Each reads a text as an argument of its kind. */
  readonly parsers: Readonly<Record<Kind, Parser<string | number>>>;
  /** The prefix of a command. */
  readonly hyphen: '-' | '';
  /** What else may be written in place of a command, without its hyphen; for suggestions. */
  readonly others: readonly string[];
  /** Whether an option in place of a command gets an error of its own. Where commands have no hyphen, a command may be meant. */
  readonly strayOptions: boolean;
  /** Where all commands are listed. */
  readonly hint: string;
}

/** A command with its arguments and options, of any table. */
export interface ParsedCommand<Kind extends string = string> {
  readonly name: string;
  readonly subcommand?: string;
  readonly options: ReadonlySet<string>;
  readonly values: Partial<Record<Kind, string | number>>;
  /** The arguments of a command that takes any number. */
  readonly many?: readonly string[];
}

export function usageError(cause: string, hint: string): UmlmonError {
  return new UmlmonError('USAGE', { place: '', cause, hint });
}

/**
 * Reads the command `name`: takes its subcommand, arguments and options off `rest`.
 *
 * @throws UmlmonError USAGE
 */
export function parseCommand<Kind extends string>(
  name: string,
  rest: string[],
  syntax: CommandSyntax<Kind>,
): ParsedCommand<Kind> {
  const { table, parsers, hyphen } = syntax;
  const outer = findCommand(table, name);
  if (!outer) throw unknownCommand(name, syntax);
  const form = outer.subcommands
    ? parseSubcommand({ path: [name], spec: outer }, rest, hyphen)
    : { path: [name], spec: outer };
  const { spec } = form;
  const written = `${hyphen}${form.path.join(' ')}`;
  const usage = `use: ${hyphen}${usageText(form)}`;
  const values: Partial<Record<Kind, string | number>> = {};
  const takeAll = (kinds: readonly Kind[], after: string) => {
    for (const kind of kinds) {
      const text = rest.shift();
      if (text === undefined || (text.startsWith('-') && kind !== 'VALUE'))
        throw usageError(`${after} needs a ${kind}`, usage);
      const parsed = parsers[kind](text);
      if ('cause' in parsed) throw usageError(`${after}: ${parsed.cause}`, parsed.hint || usage);
      values[kind] = parsed.value;
    }
  };
  takeAll(spec.arguments, written);
  if (spec.optional && rest[0] !== undefined && 'value' in parsers[spec.optional](rest[0]))
    takeAll([spec.optional], written);
  const options = new Set<string>();
  const many: string[] = [];
  for (let [next] = rest; next !== undefined; [next] = rest) {
    const option = /^--?([a-z][a-z0-9]*)$/.exec(next)?.[1];
    if (option !== undefined && Object.hasOwn(spec.options, option)) {
      rest.shift();
      options.add(option);
      takeAll(spec.options[option] ?? [], hyphen ? `-${option}` : `${written} -${option}`);
    } else if (spec.many && !next.startsWith('-')) {
      takeAll([spec.many], written);
      many.push(next);
    } else break;
  }
  const [, subcommand] = form.path;
  return {
    name,
    ...(subcommand === undefined ? {} : { subcommand }),
    values,
    options,
    ...(spec.many ? { many } : {}),
  };
}

/** Subcommands are written without a hyphen everywhere. */
function parseSubcommand<Kind extends string>(
  { path, spec }: CommandForm<Kind>,
  rest: string[],
  hyphen: '-' | '',
): CommandForm<Kind> {
  const names = Object.keys(spec.subcommands ?? {});
  const written = `${hyphen}${path.join(' ')}`;
  const name = rest.shift();
  const hint = `one of ${names.join(', ')}`;
  if (name === undefined) throw usageError(`${written} needs a subcommand`, hint);
  const found = findCommand(spec.subcommands, name);
  if (found) return { path: [...path, name], spec: found };
  const near = suggest(name.replace(/^--?/, ''), names);
  throw usageError(
    `unknown subcommand ${quoted(name)} of ${written}`,
    near ? `did you mean ${written} ${near}?` : hint,
  );
}

function unknownCommand<Kind extends string>(
  name: string,
  { table, hyphen, others, hint, strayOptions }: CommandSyntax<Kind>,
): UmlmonError {
  const owners = formsOf(table).filter(({ spec }) => Object.hasOwn(spec.options, name));
  if (strayOptions && owners.length > 0)
    return usageError(
      `-${name} is not valid here`,
      `use: ${owners.map((form) => hyphen + usageText(form)).join(', ')}`,
    );
  const inner = formsOf(table).find(({ path }) => path[1] === name);
  const cause = `unknown command ${quoted(`${hyphen}${name}`)}`;
  if (inner) return usageError(cause, `did you mean ${hyphen}${inner.path.join(' ')}?`);
  const options = hyphen ? optionsOf(table) : [];
  const near = suggest(name, [...Object.keys(table), ...others, ...options]);
  return usageError(cause, near ? `did you mean ${hyphen}${near}?` : hint);
}

/** How a command is written, for a hint; with a subcommand, how that is written. */
export function usageOf(
  { name, subcommand }: Pick<ParsedCommand, 'name' | 'subcommand'>,
  table: CommandTable,
): string {
  const outer: CommandSpec | undefined = findCommand(table, name);
  const inner = subcommand === undefined ? undefined : findCommand(outer?.subcommands, subcommand);
  if (inner && subcommand !== undefined) return usageText({ path: [name, subcommand], spec: inner });
  return outer ? usageText({ path: [name], spec: outer }) : name;
}
