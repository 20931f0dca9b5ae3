import { type DiskCommandName, diskCommands } from '../disk/disk-commands.ts';
import type { ArgumentValues, CliCommandTable } from './argument-kinds.ts';

/** The words of umlwatch: `-start` on the command line, `start` in the interactive mode. */
export const umlwatchCommands = {
  info: { arguments: [], options: {}, help: 'Show state, disks, consoles, exit, settings.' },
  start: { arguments: [], options: {}, help: 'Boot the VM; done when its kernel runs.' },
  stop: {
    arguments: [],
    options: { timeout: ['DURATION'] },
    help: 'Ctrl-Alt-Del, then halt, then kill.',
  },
  restart: {
    arguments: [],
    options: { wait: ['LEVEL'], timeout: ['DURATION'] },
    help: 'Stop the VM in order, and start it.',
  },
  kill: { arguments: [], options: {}, help: 'End the kernel at once, unasked.' },
  ctrlaltdel: { arguments: [], options: {}, help: 'Send Ctrl-Alt-Del to the guest.' },
  pause: { arguments: [], options: {}, help: 'Make the guest stand still.' },
  resume: { arguments: [], options: {}, help: 'Let a paused guest go on.' },
  stats: { arguments: [], options: {}, help: 'Show load, memory, disks, traffic.' },
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
  plug: {
    arguments: ['DISK', 'IMAGE'],
    options: {},
    help: 'Give the guest a disk while it runs.',
  },
  unplug: { arguments: ['DISK'], options: {}, help: 'Take a disk from the guest: ubd1.' },
  'plug-net': {
    arguments: ['INTERFACE', 'NETWORK'],
    options: {},
    help: 'Give the guest a network interface.',
  },
  'unplug-net': { arguments: ['INTERFACE'], options: {}, help: 'Take an interface from the guest: eth1.' },
  connect: {
    arguments: ['CHANNEL'],
    options: { observe: [], force: [], record: ['RECORDING'] },
    help: 'Use a console (con1) or serial line (ssl0).',
  },
  who: { arguments: [], optional: 'CHANNEL', options: {}, help: 'List who is at the consoles.' },
  screen: {
    arguments: ['CHANNEL'],
    options: { html: [] },
    help: 'Show what a console shows now.',
  },
  history: {
    arguments: ['CHANNEL'],
    options: { lines: ['NUMBER'], search: ['PATTERN'] },
    help: 'Show what it has shown before.',
  },
  run: {
    arguments: ['COMMAND'],
    options: { on: ['CHANNEL'], timeout: ['DURATION'] },
    help: 'Run a command in the shell on con1.',
  },
  send: {
    arguments: ['KEYS'],
    options: { on: ['CHANNEL'], timeout: ['DURATION'] },
    help: 'Type on con1; \\r is Enter.',
  },
  expect: {
    arguments: ['PATTERN'],
    options: { on: ['CHANNEL'], timeout: ['DURATION'] },
    help: 'Wait until con1 shows a text.',
  },
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
  security: { arguments: [], options: {}, help: 'List logins, refusals, who did what.' },
  crashes: { arguments: [], options: {}, help: 'List what was kept of crashes.' },
  crash: {
    arguments: [],
    optional: 'NAME',
    options: { get: ['FILE'] },
    help: 'Show a crash: the last one, or NAME.',
  },
  disk: { arguments: [], options: {}, subcommands: diskCommands, help: 'Work on disk images.' },
  jobs: { arguments: [], options: {}, help: 'List what is done to images.' },
  cancel: { arguments: ['ID'], options: {}, help: 'End such a job early.' },
  backup: {
    arguments: [],
    optional: 'BACKUP',
    options: {},
    help: 'Copy the disks of a VM that runs.',
  },
  backups: { arguments: [], options: {}, help: 'List the backups.' },
  restore: { arguments: ['BACKUP'], options: {}, help: 'Put the disks of a backup back.' },
} as const satisfies CliCommandTable;

export type CommandName = keyof typeof umlwatchCommands;

/** A word with what belongs to it, ready to be done. */
export interface Command {
  readonly name: CommandName;
  /** The word of its own that the word has; only `disk` has such. */
  readonly subcommand?: DiskCommandName;
  readonly options: ReadonlySet<string>;
  readonly values: ArgumentValues;
}

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(umlwatchCommands, name);
}
