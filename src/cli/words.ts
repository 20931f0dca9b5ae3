import { type Parsed, durationParser } from '../config/values.ts';

/** What an argument is; the name of the kind is what help and messages call it. */
export type ArgumentKind = 'CHANNEL' | 'DURATION' | 'NUMBER';

/**
 * The words of umlwatch: one table for the command line (`-start`), the interactive mode (`start`), the help text,
 * the completion and the manual page.
 */
export interface Word {
  /** The arguments that follow. */
  readonly arguments: readonly ArgumentKind[];
  /** Options that may follow the word, each with its arguments. */
  readonly options: Readonly<Record<string, readonly ArgumentKind[]>>;
  readonly help: string;
}

export const words = {
  info: { arguments: [], options: {}, help: 'Show state, consoles, last exit and settings.' },
  start: { arguments: [], options: {}, help: 'Boot the VM; done when its kernel runs.' },
  stop: {
    arguments: [],
    options: { timeout: ['DURATION'] },
    help: 'Ctrl-Alt-Del, then halt, then kill.',
  },
  kill: { arguments: [], options: {}, help: 'End the kernel at once, unasked.' },
  ctrlaltdel: { arguments: [], options: {}, help: 'Send Ctrl-Alt-Del to the guest.' },
  connect: { arguments: ['CHANNEL'], options: {}, help: 'Use a console (con1) or serial line (ssl0).' },
  log: { arguments: ['CHANNEL'], options: { follow: [] }, help: 'Print the log; -follow: go on as it grows.' },
  events: {
    arguments: [],
    options: { since: ['NUMBER'] },
    help: 'Print events as they happen; -since: and past ones.',
  },
} as const satisfies Record<string, Word>;

export type WordName = keyof typeof words;

export const wordNames = Object.keys(words) as WordName[];

/** All options of all words, each once. */
export const optionNames = [...new Set(wordNames.flatMap((name) => Object.keys(words[name].options)))];

export interface Command {
  readonly word: WordName;
  readonly arguments: readonly string[];
  /** Option → its arguments. */
  readonly options: Readonly<Record<string, readonly string[]>>;
}

export function isWord(name: string): name is WordName {
  return Object.hasOwn(words, name);
}

/** `connect CHANNEL`, `log CHANNEL [-follow]`: how a word is used. */
export function usageOf(name: WordName): string {
  const word: Word = words[name];
  const options = Object.entries(word.options).map(([option, values]) => `[-${[option, ...values].join(' ')}]`);
  return [name, ...word.arguments, ...options].join(' ');
}

/** The limits of the key stop_timeout. */
const parseWait = durationParser({ min: '100ms', max: '1h' });

/** How arguments are read; a text that is refused never reaches a monitor. */
export const argumentParsers = {
  CHANNEL(text: string): Parsed<string> {
    if (/^(?:con\d|con1[0-5]|ssl\d|ssl[1-5]\d|ssl6[0-3])$/.test(text)) return { value: text };
    return refuse(`${text} is not a channel`, 'con0 to con15, or ssl0 to ssl63');
  },
  DURATION: parseWait,
  NUMBER(text: string): Parsed<number> {
    if (/^\d{1,15}$/.test(text)) return { value: Number(text) };
    return refuse(`${text} is not a number`, 'as in 1 or 250');
  },
} satisfies Record<ArgumentKind, (text: string) => Parsed<string | number>>;

function refuse(cause: string, hint: string) {
  return { code: 'USAGE' as const, cause, hint };
}
