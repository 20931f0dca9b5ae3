import { type DiskCommandName, diskCommands } from '../disk/disk-commands.ts';
import type { ArgumentValues, CliCommandTable } from './argument-kinds.ts';

/** The commands of umlwatch: `-start` on the command line, `start` at the prompt. */
export const umlwatchCommands = {
  info: { arguments: [], options: {}, help: 'Show state, warnings, disks and settings.' },
  start: { arguments: [], options: {}, help: 'Start the VM; return when its guest runs.' },
  stop: {
    arguments: [],
    options: { timeout: ['DURATION'] },
    help: 'Send Ctrl-Alt-Del, then halt, then kill.',
  },
  restart: {
    arguments: [],
    options: { wait: ['LEVEL'], timeout: ['DURATION'] },
    help: 'Stop the guest cleanly, and start it again.',
  },
  kill: { arguments: [], options: {}, help: 'Kill the kernel immediately.' },
  ctrlaltdel: { arguments: [], options: {}, help: 'Send Ctrl-Alt-Del to the guest.' },
  pause: { arguments: [], options: {}, help: 'Pause the guest.' },
  resume: { arguments: [], options: {}, help: 'Resume a paused guest.' },
  stats: { arguments: [], options: {}, help: 'Show CPU, memory, disk and network usage.' },
  'mem-trim': { arguments: [], options: {}, help: 'Return free guest memory to the host.' },
  mconsole: {
    arguments: [],
    optional: 'TEXT',
    options: {},
    help: 'Send a command to the management console.',
  },
  sysrq: { arguments: ['LETTER'], options: {}, help: 'Send a magic SysRq: s syncs, h lists all.' },
  ps: { arguments: [], options: {}, help: 'List the processes of the guest.' },
  stack: { arguments: ['PID'], options: {}, help: 'Show the kernel stack of a guest process.' },
  'log-to-guest': { arguments: ['TEXT'], options: {}, help: 'Write a line to the kernel log of the guest.' },
  wait: {
    arguments: ['LEVEL'],
    options: { timeout: ['DURATION'] },
    help: 'Wait for a readiness level, or for the stop.',
  },
  plug: {
    arguments: ['DISK', 'IMAGE'],
    options: {},
    help: 'Attach a disk to the running guest.',
  },
  unplug: { arguments: ['DISK'], options: {}, help: 'Detach a disk from the running guest.' },
  'plug-net': {
    arguments: ['INTERFACE', 'NETWORK'],
    options: {},
    help: 'Attach a network interface to the guest.',
  },
  'unplug-net': { arguments: ['INTERFACE'], options: {}, help: 'Detach a network interface.' },
  connect: {
    arguments: ['CHANNEL'],
    options: { observe: [], force: [], record: ['RECORDING'] },
    help: 'Attach to a console (con1) or line (ssl0).',
  },
  who: { arguments: [], optional: 'CHANNEL', options: {}, help: 'List the viewers of the consoles.' },
  screen: {
    arguments: ['CHANNEL'],
    options: { html: [] },
    help: 'Print the current screen of a console.',
  },
  history: {
    arguments: ['CHANNEL'],
    options: { lines: ['NUMBER'], search: ['PATTERN'] },
    help: 'Print the scrollback of a console.',
  },
  run: {
    arguments: ['COMMAND'],
    options: { on: ['CHANNEL'], timeout: ['DURATION'] },
    help: 'Run a command in the shell on con1.',
  },
  send: {
    arguments: ['KEYS'],
    options: { on: ['CHANNEL'], timeout: ['DURATION'] },
    help: 'Type text on con1; \\r is Enter.',
  },
  expect: {
    arguments: ['PATTERN'],
    options: { on: ['CHANNEL'], timeout: ['DURATION'] },
    help: 'Wait until con1 prints a pattern.',
  },
  log: {
    arguments: ['CHANNEL'],
    options: { follow: [] },
    help: 'Print the log of a console, or follow it.',
  },
  events: {
    arguments: [],
    options: { since: ['NUMBER'] },
    help: 'Follow events; -since N replays earlier ones.',
  },
  security: { arguments: [], options: {}, help: 'List logins, refusals and actions of clients.' },
  crashes: { arguments: [], options: {}, help: 'List the crash bundles.' },
  crash: {
    arguments: [],
    optional: 'NAME',
    options: { get: ['FILE'] },
    help: 'Show a crash bundle; by default the last one.',
  },
  disk: { arguments: [], options: {}, subcommands: diskCommands, help: 'Manage disk images.' },
  jobs: { arguments: [], options: {}, help: 'List the disk jobs.' },
  cancel: { arguments: ['ID'], options: {}, help: 'Cancel a disk job.' },
  backup: {
    arguments: [],
    optional: 'BACKUP',
    options: {},
    help: 'Back up the disks of the running VM.',
  },
  backups: { arguments: [], options: {}, help: 'List the backups.' },
  restore: { arguments: ['BACKUP'], options: {}, help: 'Restore the disks from a backup.' },
} as const satisfies CliCommandTable;

export type CommandName = keyof typeof umlwatchCommands;

/** A command with its arguments and options. */
export interface Command {
  readonly name: CommandName;
  /** Only `disk` has subcommands. */
  readonly subcommand?: DiskCommandName;
  readonly options: ReadonlySet<string>;
  readonly values: ArgumentValues;
}

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(umlwatchCommands, name);
}
