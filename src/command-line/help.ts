import { type CommandSpec, type CommandTable, usageText } from './command-spec.ts';
import type { ProgramSpec } from './program-spec.ts';

/** Columns of an entry that has its help beside it; a longer one has its help on the next line. */
const entryMax = 33;
/** Columns of a terminal. */
const terminalColumns = 80;
/** Columns before a subcommand. */
const subcommandIndent = 6;

/** The forms of the command line of a program, a line each. */
export function usageLines({ name, usage }: ProgramSpec): string[] {
  return [...usage.map((form) => `${name} ${form}`), `${name} -help | -version`];
}

/** A line for each option of a program. */
export function optionLines({ options }: ProgramSpec): string[] {
  const entries = Object.entries(options).map(([name, { value, help }]) => ({
    entry: value === undefined ? `-${name}` : `-${name} ${value}`,
    help,
  }));
  return columns(entries, '  ');
}

/** A line for each command of a table; its subcommands are listed below it. */
export function commandLines(table: CommandTable, hyphen: '-' | ''): string[] {
  return linesOf(table, `  ${hyphen}`);
}

function linesOf(table: CommandTable, before: string): string[] {
  const entries = Object.entries(table).map(([name, spec]) => ({
    entry: entryOf(name, spec),
    help: spec.help,
    below: spec.subcommands ? linesOf(spec.subcommands, ' '.repeat(subcommandIndent)) : [],
  }));
  return columns(entries, before);
}

function entryOf(name: string, spec: CommandSpec): string {
  return spec.subcommands ? `${name} SUBCOMMAND …` : usageText({ path: [name], spec });
}

interface Entry {
  readonly entry: string;
  readonly help: string;
  readonly below?: readonly string[];
}

function columns(entries: readonly Entry[], before: string): string[] {
  const lengths = entries.map(({ entry }) => entry.length);
  const width = Math.max(...lengths.filter((length) => length <= entryMax));
  return entries.flatMap(({ entry, help, below = [] }) => [
    ...(entry.length > width
      ? [`${before}${entry}`, `${' '.repeat(before.length + width)}  ${help}`]
      : [`${before}${entry.padEnd(width)}  ${help}`]),
    ...below,
  ]);
}

/** A paragraph of help, broken into lines that fit a terminal. */
export function paragraph(text: string): string[] {
  const lines = [''];
  for (const part of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + part.length > terminalColumns) lines.push(part);
    else lines[lines.length - 1] = last === '' ? part : `${last} ${part}`;
  }
  return lines;
}
