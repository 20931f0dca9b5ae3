import { type ErrorClass, type ErrorCode, errorCatalogue, exitStatus } from './errors.ts';

/** The part of a code before its first `_`: the thing that the error is about. */
type Prefix = ErrorCode extends infer C ? (C extends `${infer P}_${string}` ? P : C) : never;

/** Heading of each prefix, in the order of the page. A new prefix needs a line here. */
const groups: Readonly<Record<Prefix, string>> = {
  USAGE: 'Command lines',
  CONFIG: 'Configuration',
  HOST: 'The host',
  KERNEL: 'Kernels',
  DISK: 'Disks',
  IMAGE: 'Disk images',
  BACKUP: 'Backups',
  COW: 'Copy-on-write',
  NETWORK: 'Networks',
  JAIL: 'Jails',
  STATE: 'States of a VM',
  VM: 'Running VMs',
  START: 'Starting',
  STOP: 'Stopping',
  HOOK: 'Hooks',
  RUN: 'Throw-away VMs',
  WAIT: 'Waiting',
  CONSOLE: 'Consoles and serial lines',
  GUEST: 'Statistics of guests',
  MEM: 'Memory of guests',
  MCONSOLE: 'The management console of the kernel',
  EVENTS: 'Events',
  JOB: 'Jobs',
  CRASH: 'Crash bundles',
  MONITOR: 'Monitors',
  RPC: 'The control protocol',
  REMOTE: 'Remote control',
  WEB: 'umlweb',
  AUTH: 'Authentication',
  ACT: 'Calls on behalf of others',
  PASSWORD: 'Passwords',
  ROLE: 'Roles',
  DIRECTORY: 'The directory server',
  REDIRECTOR: 'The redirector',
  ETCD: 'The shared directory',
  INTERNAL: 'Bugs',
};

/** Meaning of each exit status; also printed in the manual pages. */
export const exitStatusMeans: Readonly<Record<ErrorClass, string>> = {
  failed: 'The operation was tried and failed.',
  usage: 'The command line is wrong; nothing was done.',
  config: 'The configuration has problems.',
  unreachable: 'No monitor answers, or it refuses the connection.',
  state: 'The VM is in the wrong state, or busy with another operation.',
  host: 'The host lacks something that the VM needs.',
  stopped: 'The VM stopped or did not start while **-wait** waited for it.',
  timeout: '**-wait** timed out.',
};

/** Prints docs/errors.md, the reference of all error codes. */
export function generateErrorPage(): { path: string; text: string }[] {
  const classes = Object.entries(exitStatus) as [ErrorClass, number][];
  const text = [
    beginning,
    ...table(
      ['class', 'exit status', 'meaning'],
      classes.map(([name, status]) => [name, String(status), exitStatusMeans[name]]),
    ),
    '',
    ...Object.entries(groups).flatMap(([prefix, title]) => [
      `## ${title}`,
      '',
      ...table(['code', 'class', 'exit status', 'meaning'], rowsOf(prefix)),
      '',
    ]),
  ];
  return [{ path: 'docs/errors.md', text: text.join('\n') }];
}

function rowsOf(prefix: string): string[][] {
  return Object.entries(errorCatalogue)
    .filter(([code]) => code.split('_')[0] === prefix)
    .map(([code, entry]) => [`\`${code}\``, entry.class, String(exitStatus[entry.class]), entry.means]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

const beginning = `<!-- Generated from src/system/errors/catalogue by \`npm run generate\`: change those files, not this page. -->

# Errors

An error has four parts:

| part | meaning |
| --- | --- |
| code | identifies the error; stable, for programs |
| place | where it occurred: file, line, section and key; or a path; or the step of a start |
| cause | what was attempted, and the message of the system |
| hint | a command or action that helps; may be empty |

A terminal shows one line, \`place: cause (hint: …)\`. With \`-json\`, umlwatch(1) writes
\`{"error":{"code":…,"place":…,"cause":…,"hint":…}}\` to standard error. The control protocol, the events and the log
of the monitor carry the same four parts.

Problems of the configuration and unmet needs of the host are reported together, as one CONFIG_INVALID with a line for
each. \`umlmon -check -json\` lists them one by one with the codes below.

The class of a code determines the exit status of the programs; 0 is success.
`;
