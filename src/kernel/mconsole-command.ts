/** Commands of the management console, and the meaning of its replies (arch/um/drivers/mconsole_kern.c). */
import { suggest } from '../config/suggest.ts';
import { errorWords, textDamage } from './mconsole-packet.ts';

interface CommandForm {
  /** `no`: the kernel would ignore it. */
  readonly argument: 'no' | 'may' | 'must';
  readonly usage: string;
}

/** All commands of version 2. The kernel compares only their prefixes; here they must match completely. */
export const mconsoleCommands = {
  version: { argument: 'no', usage: 'version' },
  help: { argument: 'no', usage: 'help' },
  halt: { argument: 'no', usage: 'halt' },
  reboot: { argument: 'no', usage: 'reboot' },
  config: { argument: 'must', usage: 'config DEVICE=VALUE to set, config DEVICE to show' },
  remove: { argument: 'must', usage: 'remove DEVICE' },
  sysrq: { argument: 'may', usage: 'sysrq LETTER' },
  cad: { argument: 'no', usage: 'cad' },
  stop: { argument: 'no', usage: 'stop' },
  go: { argument: 'no', usage: 'go' },
  log: { argument: 'must', usage: 'log TEXT' },
  proc: { argument: 'must', usage: 'proc FILE, for example proc meminfo' },
  stack: { argument: 'must', usage: 'stack PID' },
} as const satisfies Record<string, CommandForm>;

export type MconsoleWord = keyof typeof mconsoleCommands;

export interface MconsoleCommand {
  readonly word: MconsoleWord;
  readonly argument: string;
}

export interface WrongCommand {
  readonly cause: string;
  readonly hint: string;
}

/** Files of /proc whose reading waits for something to come, or does not end: the worker of the kernel would be lost. */
const endless = /^(?:kmsg|kcore|kpage\w+|vmcore)$/;
/** Parts of a path that lead around the above, or out of /proc, perhaps to a device or FIFO that waits. */
const detours = new Set(['', '.', '..', 'root', 'cwd', 'fd', 'exe', 'map_files']);

/** One line for the management console, in the form that the kernel takes; or why it cannot be one. */
export function parseMconsoleLine(line: string): MconsoleCommand | WrongCommand {
  const [, word = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(line) ?? [];
  if (!isWord(word)) {
    const near = suggest(word, Object.keys(mconsoleCommands));
    const hint = near ? `did you mean ${near}?` : Object.keys(mconsoleCommands).join(', ');
    return { cause: `the kernel has no command '${word}'`, hint };
  }
  const { argument: form, usage } = mconsoleCommands[word] as CommandForm;
  const wrong = (cause: string): WrongCommand => ({ cause, hint: `use: ${usage}` });
  const damage = textDamage(word, rest);
  if (damage) return wrong(damage);
  if (form === 'no' && rest) return wrong(`${word} takes no argument`);
  if (form === 'must' && !rest) return wrong(`${word} needs an argument`);
  const argument = word === 'proc' ? rest.replace(/^\/+proc\/+/, '') : rest;
  if (word === 'sysrq' && argument.length > 1) return wrong('sysrq takes one letter');
  if (word === 'stack' && !/^\d{1,10}$/.test(argument)) return wrong(`'${argument}' is not a process ID`);
  if (word === 'proc' && endless.test(argument)) return wrong(`/proc/${argument} is endless`);
  if (word === 'proc' && argument.split('/').some((part) => detours.has(part)))
    return wrong(`'${argument}' is not in /proc`);
  return { word, argument };
}

/** As it is sent. */
export function mconsoleLine({ word, argument }: MconsoleCommand): string {
  // A line of the log without its end is kept back until something else is logged.
  if (word === 'log') return `log ${argument}\n`;
  return argument ? `${word} ${argument}` : word;
}

/** Whether a command only asks. */
export function isQuestion({ word, argument }: MconsoleCommand): boolean {
  if (word === 'config') return !/[=:]/.test(argument);
  return word === 'version' || word === 'help' || word === 'proc' || word === 'stack';
}

/** The reply without noise: `proc` starts with an empty packet, which counts as a line. */
export function tidyAnswer(command: string, text: string): string {
  return command.startsWith('proc ') ? text.replace(/^\n/, '') : text;
}

/** What to do about an error number; the text of the kernel shows the object. */
const advice: Readonly<Record<string, string>> = {
  EBUSY: 'the device is open in the guest: close or unmount it there, and try again',
  ENODEV: 'the device does not exist',
  ENOENT: 'the file does not exist in the jail of the kernel',
  EACCES: 'the user of the VM may not use it',
  EINVAL: 'the kernel rejects the value',
  EAGAIN: 'another VM or program has it locked',
  ENOMEM: 'the guest has not enough free memory',
};

/**
 * A refusal as text: `EBUSY: Device is currently open`.
 *
 * @param error of the reply: negative errno, or 1 for errors that have no name
 * @param text of the reply, safe to show
 */
export function explainRefusal(error: number, text: string): { cause: string; hint: string } {
  const words = error < 0 ? errorWords(error) : '';
  const name = /^E[A-Z0-9]+(?=:)/.exec(words)?.[0] ?? '';
  if (!name) return { cause: text || words || `error ${error}`, hint: '' };
  return { cause: text ? `${name}: ${text}` : words, hint: advice[name] ?? '' };
}

function isWord(word: string): word is MconsoleWord {
  return Object.hasOwn(mconsoleCommands, word);
}
