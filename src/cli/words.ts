import { quoted } from '../config/problem.ts';
import { durationParser, isChannelName, type Parsed, refuse, wordParser } from '../config/values.ts';

/** What can be waited for: `ready` is the level that the VM is configured for. */
export const waitLevels = ['launched', 'kernel', 'guest', 'console', 'ready', 'down'] as const;
export type WaitLevel = (typeof waitLevels)[number];

/** What an argument is; the name of the kind is what help and messages call it. */
export type ArgumentKind =
  | 'NAME'
  | 'CHANNEL'
  | 'DURATION'
  | 'FILE'
  | 'LEVEL'
  | 'NUMBER'
  | 'LETTER'
  | 'PID'
  | 'TEXT';

/**
 * The words of umlwatch: one table for the command line (`-start`), the interactive mode (`start`), the help text,
 * the completion and the manual page.
 */
export interface Word {
  /** The arguments that follow. */
  readonly arguments: readonly ArgumentKind[];
  /** One that may follow them; taken if the next text has its form. */
  readonly optional?: ArgumentKind;
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
  pause: { arguments: [], options: {}, help: 'Make the guest stand still.' },
  resume: { arguments: [], options: {}, help: 'Let a paused guest go on.' },
  stats: { arguments: [], options: {}, help: 'Show load, memory and disks of the guest.' },
  'mem-trim': { arguments: [], options: {}, help: 'Give freed guest memory to the host.' },
  mconsole: {
    arguments: [],
    optional: 'TEXT',
    options: {},
    help: 'Talk to the management console.',
  },
  sysrq: { arguments: ['LETTER'], options: {}, help: 'Magic SysRq: s syncs, h helps.' },
  ps: { arguments: [], options: {}, help: 'List the processes of the guest.' },
  stack: { arguments: ['PID'], options: {}, help: 'Show where a process of the guest is.' },
  'log-to-guest': { arguments: ['TEXT'], options: {}, help: 'Write a line to the log of the guest.' },
  wait: {
    arguments: ['LEVEL'],
    options: { timeout: ['DURATION'] },
    help: 'Wait until the VM is ready, or down.',
  },
  connect: { arguments: ['CHANNEL'], options: {}, help: 'Use a console (con1) or serial line (ssl0).' },
  log: {
    arguments: ['CHANNEL'],
    options: { follow: [] },
    help: 'Print the log; -follow: go on as it grows.',
  },
  events: {
    arguments: [],
    options: { since: ['NUMBER'] },
    help: 'Print what happens; -since: and what did.',
  },
  crashes: { arguments: [], options: {}, help: 'List what was kept of crashes.' },
  crash: {
    arguments: [],
    optional: 'NAME',
    options: { get: ['FILE'] },
    help: 'Show a crash: the last one, or NAME.',
  },
} as const satisfies Record<string, Word>;

export type WordName = keyof typeof words;

export const wordNames = Object.keys(words) as WordName[];

/** All options of all words, each once. */
export const optionNames = [...new Set(wordNames.flatMap((name) => Object.keys(words[name].options)))];

/** A word with what belongs to it, ready to be done. */
export interface Command {
  readonly word: WordName;
  readonly options: ReadonlySet<string>;
  readonly values: ArgumentValues;
}

/** Arguments of the word and of its options, by kind: no word has two of one kind. */
export interface ArgumentValues {
  readonly NAME?: string;
  readonly FILE?: string;
  readonly CHANNEL?: string;
  /** In milliseconds. */
  readonly DURATION?: number;
  readonly LEVEL?: WaitLevel;
  readonly NUMBER?: number;
  readonly LETTER?: string;
  readonly PID?: number;
  readonly TEXT?: string;
}

export function isWord(name: string): name is WordName {
  return Object.hasOwn(words, name);
}

/** `connect CHANNEL`, `log CHANNEL [-follow]`: how a word is used. */
export function usageOf(name: WordName): string {
  const word: Word = words[name];
  const options = Object.entries(word.options).map(
    ([option, values]) => `[-${[option, ...values].join(' ')}]`,
  );
  const optional = word.optional ? [`[${word.optional}]`] : [];
  return [name, ...word.arguments, ...optional, ...options].join(' ');
}

/** How an argument is read; a text that is refused never reaches a monitor. */
export const argumentParsers: Record<ArgumentKind, (text: string) => Parsed<string | number>> = {
  NAME: (text) =>
    text === 'last' || /^\d{4}-\d\d-\d\dT[\d-]+Z(?:-\d+)?$/.test(text)
      ? { value: text }
      : refuse(`${quoted(text)} is not the name of a crash`, 'last, or a name that -crashes lists'),
  FILE: (text) =>
    /^[\w./]{1,64}$/.test(text) ? { value: text } : refuse(`${quoted(text)} is not a file of a crash`),
  CHANNEL: (text) =>
    isChannelName(text)
      ? { value: text }
      : refuse(`${quoted(text)} is not a channel`, 'con0 to con15, or ssl0 to ssl63'),
  // The limits of the key stop_timeout.
  DURATION: durationParser({ min: '100ms', max: '1h' }),
  LEVEL: wordParser(waitLevels),
  LETTER: (text) =>
    /^[a-zA-Z0-9]$/.test(text) ? { value: text } : refuse(`${quoted(text)} is not a letter`, 'h lists them'),
  PID: (text) =>
    /^\d{1,10}$/.test(text)
      ? { value: Number(text) }
      : refuse(`${quoted(text)} is not the number of a process`, '-ps lists them'),
  TEXT: (text) =>
    /^[^-\0\n][^\0\n]*$/.test(text) ? { value: text } : refuse(`${quoted(text)} is not a line of text`),
  NUMBER: (text) =>
    /^\d{1,15}$/.test(text) ? { value: Number(text) } : refuse(`${quoted(text)} is not a number`),
};
