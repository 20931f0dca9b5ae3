/** What the words of a program are made of: one table is command line, interactive mode, help, completion and page. */
import type { ArgumentKind } from './argument-kinds.ts';

export interface Word {
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
  readonly words?: WordTable;
}

export type WordTable = Readonly<Record<string, Word>>;

/** One way to use a table: a word, or a word and one of its own. */
export interface Use {
  /** `['log']`, `['disk', 'create']` */
  readonly path: readonly string[];
  readonly word: Word;
}

/** All ways to use a table, in its order. */
export function usesOf(table: WordTable, before: readonly string[] = []): Use[] {
  return Object.entries(table).flatMap(([name, word]) => {
    const path = [...before, name];
    return word.words ? usesOf(word.words, path) : [{ path, word }];
  });
}

/** The options of all words of a table, each once. */
export function optionsOf(table: WordTable): string[] {
  return [...new Set(usesOf(table).flatMap(({ word }) => Object.keys(word.options)))];
}

/** `connect CHANNEL`, `log CHANNEL [-follow]`, `disk copy FROM TO`: how a word is used. */
export function usageText({ path, word }: Use): string {
  const options = Object.entries(word.options).map(
    ([option, values]) => `[-${[option, ...values].join(' ')}]`,
  );
  const optional = word.optional ? [`[${word.optional}]`] : [];
  const many = word.many ? [`[${word.many} …]`] : [];
  const own = word.words ? [Object.keys(word.words).join('|')] : [];
  return [...path, ...own, ...word.arguments, ...optional, ...many, ...options].join(' ');
}

/** The word of a table with this name. */
export function wordOf(table: WordTable | undefined, name: string | undefined): Word | undefined {
  return table && name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}
