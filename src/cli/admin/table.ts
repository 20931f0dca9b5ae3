import { vmNameDamage } from '../../config/names.ts';
import { quoted } from '../../config/problem.ts';
import { parseImagePath } from '../../config/values/disk.ts';
import { refuse } from '../../config/values/values.ts';
import { type ImageName, nameFor } from '../../disk/names/image-name.ts';
import { type CliCommandTable, type CliSyntax, parsersWith } from '../commands/argument-kinds.ts';
import { diskCommands } from '../disk/disk-commands.ts';

/** The disk commands with `-yes`: two destroy data, and four follow a header that a guest may have written. */
const adminDiskCommands = {
  ...diskCommands,
  delete: { ...diskCommands.delete, options: { yes: [] } },
  convert: { ...diskCommands.convert, options: { yes: [] } },
  check: { ...diskCommands.check, options: { yes: [] } },
  'cow-merge': { ...diskCommands['cow-merge'], options: { yes: [] } },
  'cow-rebase': { ...diskCommands['cow-rebase'], options: { same: [], yes: [] } },
  rollback: { ...diskCommands.rollback, options: { yes: [] } },
} as const;

/** Disk commands that read or write a backing file that only the header of a COW image names. */
export const commandsFollowingHeaders: ReadonlySet<string> = new Set([
  'convert',
  'check',
  'cow-merge',
  'cow-rebase',
]);

/** Subcommands of config; SECTION is a VM, or GLOBAL. */
const configCommands = {
  get: { arguments: ['SECTION', 'KEY'], options: {}, help: 'Print the effective value of a key.' },
  set: { arguments: ['SECTION', 'KEY', 'VALUE'], options: {}, help: 'Set a key in the file.' },
  unset: { arguments: ['SECTION', 'KEY'], options: {}, help: 'Remove a key from the file.' },
  list: { arguments: [], optional: 'SECTION', options: {}, help: 'Print all settings and their lines.' },
  check: { arguments: [], options: {}, help: 'List all problems.' },
} as const satisfies CliCommandTable;

/** Subcommands of kernel. */
const kernelCommands = {
  list: { arguments: [], options: {}, help: 'List the kernels and their VMs.' },
  info: { arguments: ['KERNEL'], options: {}, help: 'Show a kernel in detail.' },
  fetch: { arguments: [], options: { update: [] }, help: 'Install the newest kernel of Debian.' },
  use: { arguments: ['VM', 'KERNEL'], options: {}, help: 'Set the kernel of a VM.' },
} as const satisfies CliCommandTable;

export type KernelCommandName = keyof typeof kernelCommands;

export type ConfigCommandName = keyof typeof configCommands;

/** The commands of umladmin. */
export const adminCommands = {
  list: { arguments: [], options: {}, help: 'List the VMs and their states.' },
  start: {
    arguments: [],
    many: 'VM',
    options: { wait: ['LEVEL'], timeout: ['DURATION'] },
    help: 'Start monitors and their VMs.',
  },
  stop: {
    arguments: [],
    many: 'VM',
    options: { timeout: ['DURATION'] },
    help: 'Stop VMs and their monitors.',
  },
  restart: {
    arguments: [],
    many: 'VM',
    options: { wait: ['LEVEL'], timeout: ['DURATION'] },
    help: 'Stop guests cleanly, and start them again.',
  },
  update: {
    arguments: [],
    many: 'VM',
    options: { n: [], yes: [] },
    help: 'Apply a changed configuration.',
  },
  doctor: { arguments: [], options: {}, help: 'Check the host and the configuration.' },
  cleanup: { arguments: [], many: 'VM', options: {}, help: 'Remove leftovers of stopped VMs.' },
  kernel: { arguments: [], options: {}, subcommands: kernelCommands, help: 'Manage kernels.' },
  config: {
    arguments: [],
    options: {},
    subcommands: configCommands,
    help: 'Read, change and check the configuration.',
  },
  password: {
    arguments: [],
    optional: 'VM',
    options: { role: ['ROLE'], remove: [], list: [] },
    help: 'Set a password for remote control.',
  },
  user: { arguments: ['VM'], options: { remove: [], n: [] }, help: 'Create a user of the host for a VM.' },
  disk: { arguments: [], options: {}, subcommands: adminDiskCommands, help: 'Manage disk images.' },
} as const satisfies CliCommandTable;

export type AdminCommandName = keyof typeof adminCommands;

export const adminSyntax: CliSyntax = {
  table: adminCommands,
  parsers: parsersWith((text) => {
    const parsed = parseAdminImage(text);
    return 'cause' in parsed ? parsed : { value: text };
  }),
  hyphen: '',
  others: [],
  strayOptions: false,
  hint: 'umladmin -help lists all commands',
};

/** `vm1:/disks/x.dsk`, or `/shared/disks/x.dsk`: the form of names in messages (nameText). */
export function parseAdminImage(text: string): { readonly value: ImageName } | ReturnType<typeof refuse> {
  const colon = text.indexOf(':');
  const vm = colon < 0 ? '' : text.slice(0, colon);
  const path = text.slice(colon + 1);
  const damage = colon < 0 ? undefined : vmNameDamage(vm);
  if (damage) return damage;
  const parsed = parseImagePath(path);
  if ('cause' in parsed) return parsed;
  if (colon < 0 && !parsed.value.shared)
    return refuse(`${quoted(text)} may be an image of any VM`, `write VM:${path}`);
  const name = nameFor(vm, path);
  return name ? { value: name } : refuse(`${quoted(text)} is not the name of an image`);
}
