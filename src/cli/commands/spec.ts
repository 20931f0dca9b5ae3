/** What the words of a program are made of: one table is command line, interactive mode, help, completion and page. */
import type { ArgumentKind } from './argument-kinds.ts';

export interface CommandSpec {
  /** The arguments that follow. */
  readonly arguments: readonly ArgumentKind[];
  /** One that may follow them; taken if the next text has its form. */
  readonly optional?: ArgumentKind;
  /** Any number of these may follow, before, after and between the options. */
  readonly many?: ArgumentKind;
  /** Options that may follow the word, each with its arguments. */
  readonly options: Readonly<Record<string, readonly ArgumentKind[]>>;
  /** One line, short enough for a terminal. */
  readonly help: string;
  /** Words of its own, one of which must follow, with what belongs to that one. */
  readonly subcommands?: CommandTable;
}

export type CommandTable = Readonly<Record<string, CommandSpec>>;

/** One way to use a table: a word, or a word and one of its own. */
export interface CommandForm {
  /** `['log']`, `['disk', 'create']` */
  readonly path: readonly string[];
  readonly spec: CommandSpec;
}

/** All ways to use a table, in its order. */
export function formsOf(table: CommandTable, before: readonly string[] = []): CommandForm[] {
  return Object.entries(table).flatMap(([name, spec]) => {
    const path = [...before, name];
    return spec.subcommands ? formsOf(spec.subcommands, path) : [{ path, spec }];
  });
}

/** The options of all words of a table, each once. */
export function optionsOf(table: CommandTable): string[] {
  return [...new Set(formsOf(table).flatMap(({ spec }) => Object.keys(spec.options)))];
}

/** `connect CHANNEL`, `log CHANNEL [-follow]`, `disk copy FROM TO`: how a word is used. */
export function usageText({ path, spec }: CommandForm): string {
  const options = Object.entries(spec.options).map(
    ([option, values]) => `[-${[option, ...values].join(' ')}]`,
  );
  const optional = spec.optional ? [`[${spec.optional}]`] : [];
  const many = spec.many ? [`[${spec.many} …]`] : [];
  const own = spec.subcommands ? [Object.keys(spec.subcommands).join('|')] : [];
  return [...path, ...own, ...spec.arguments, ...optional, ...many, ...options].join(' ');
}

/** The word of a table with this name. */
export function findCommand(
  table: CommandTable | undefined,
  name: string | undefined,
): CommandSpec | undefined {
  return table && name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}
