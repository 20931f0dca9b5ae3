/** Commands of a program as data: parser, prompt, help, completion and manual page read the same table. */

/** One command; `Kind` names what its arguments are, such as CHANNEL. */
export interface CommandSpec<Kind extends string = string> {
  /** The arguments that must follow, in this order. */
  readonly arguments: readonly Kind[];
  /** An argument that may follow them. It is taken only if the next text has its form. */
  readonly optional?: Kind;
  /** Any number of these may follow, before, after and between the options. */
  readonly many?: Kind;
  /** Options of the command, each with its arguments. */
  readonly options: Readonly<Record<string, readonly Kind[]>>;
  /** One line, short enough for a terminal. */
  readonly help: string;
  /** One of these must follow the command. */
  readonly subcommands?: CommandTable<Kind>;
}

export type CommandTable<Kind extends string = string> = Readonly<Record<string, CommandSpec<Kind>>>;

/** One form of a command line: a command, or a command with one of its subcommands. */
export interface CommandForm<Kind extends string = string> {
  /** `['log']`, `['disk', 'create']` */
  readonly path: readonly string[];
  readonly spec: CommandSpec<Kind>;
}

/** All forms of a table, in its order. */
export function formsOf<Kind extends string>(
  table: CommandTable<Kind>,
  before: readonly string[] = [],
): CommandForm<Kind>[] {
  return Object.entries(table).flatMap(([name, spec]) => {
    const path = [...before, name];
    return spec.subcommands ? formsOf(spec.subcommands, path) : [{ path, spec }];
  });
}

/** The options of all commands of a table, each once. */
export function optionsOf(table: CommandTable): string[] {
  return [...new Set(formsOf(table).flatMap(({ spec }) => Object.keys(spec.options)))];
}

/** How a command is written: `log CHANNEL [-follow]`, `disk copy FROM TO`. */
export function usageText({ path, spec }: CommandForm): string {
  const options = Object.entries(spec.options).map(
    ([option, values]) => `[-${[option, ...values].join(' ')}]`,
  );
  const optional = spec.optional ? [`[${spec.optional}]`] : [];
  const many = spec.many ? [`[${spec.many} …]`] : [];
  const own = spec.subcommands ? [Object.keys(spec.subcommands).join('|')] : [];
  return [...path, ...own, ...spec.arguments, ...optional, ...many, ...options].join(' ');
}

/** The command of a table with this name. */
export function findCommand<Kind extends string>(
  table: CommandTable<Kind> | undefined,
  name: string | undefined,
): CommandSpec<Kind> | undefined {
  return table && name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}
