/**
 * The words of umlwatch: one table for the command line (`-start`), the interactive mode (`start`), the help text,
 * the completion and the manual page.
 */
export interface Word {
  /** Names of the arguments that follow. */
  readonly arguments: readonly string[];
  /** Options that may follow the word, each with the names of its arguments. */
  readonly options: Readonly<Record<string, readonly string[]>>;
  readonly help: string;
}

export const words = {
  info: { arguments: [], options: {}, help: 'Show state, settings in force, consoles and the last exit.' },
  start: { arguments: [], options: {}, help: 'Boot the VM; done when its kernel runs.' },
  stop: {
    arguments: [],
    options: { timeout: ['DURATION'] },
    help: 'Stop in order: Ctrl-Alt-Del, then halt, then kill, with a wait after each.',
  },
  kill: { arguments: [], options: {}, help: 'End the kernel at once, without asking the guest.' },
  ctrlaltdel: { arguments: [], options: {}, help: 'Send Ctrl-Alt-Del to the guest.' },
  connect: {
    arguments: ['CHANNEL'],
    options: {},
    help: 'Use a console (con1) or serial line (ssl0) of the guest. CTRL-] leaves.',
  },
  log: {
    arguments: ['CHANNEL'],
    options: { follow: [] },
    help: 'Print the log of a channel; with -follow go on as it grows, over rotations.',
  },
  events: {
    arguments: [],
    options: { since: ['NUMBER'] },
    help: 'Print events as they happen; with -since also those that are still held.',
  },
} as const satisfies Record<string, Word>;

export type WordName = keyof typeof words;

export const wordNames = Object.keys(words) as WordName[];

export interface Command {
  readonly word: WordName;
  readonly arguments: readonly string[];
  /** Option → its arguments. */
  readonly options: Readonly<Record<string, readonly string[]>>;
}

/** `connect CHANNEL`, `log CHANNEL [-follow]`: how a word is used. */
export function usageOf(name: WordName): string {
  const word: Word = words[name];
  const options = Object.entries(word.options).map(([option, values]) => `[-${[option, ...values].join(' ')}]`);
  return [name, ...word.arguments, ...options].join(' ');
}
