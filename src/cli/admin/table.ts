import { vmNameDamage } from '../../config/names.ts';
import { quoted } from '../../config/problem.ts';
import { parseImagePath } from '../../config/values/disk.ts';
import { refuse } from '../../config/values/values.ts';
import { type ImageName, nameFor } from '../../disk/names/image-name.ts';
import { type CliCommandTable, type CliSyntax, parsersWith } from '../commands/argument-kinds.ts';
import { diskCommands } from '../disk/disk-commands.ts';

/** The verbs on images: two destroy what nobody has elsewhere, and four follow what a guest may have written. */
const adminDiskCommands = {
  ...diskCommands,
  delete: { ...diskCommands.delete, options: { yes: [] } },
  convert: { ...diskCommands.convert, options: { yes: [] } },
  check: { ...diskCommands.check, options: { yes: [] } },
  'cow-merge': { ...diskCommands['cow-merge'], options: { yes: [] } },
  'cow-rebase': { ...diskCommands['cow-rebase'], options: { same: [], yes: [] } },
  rollback: { ...diskCommands.rollback, options: { yes: [] } },
} as const;

/** Of those, the verbs that read a backing file, or write to it, which only the header of a COW image names. */
export const commandsFollowingHeaders: ReadonlySet<string> = new Set([
  'convert',
  'check',
  'cow-merge',
  'cow-rebase',
]);

/** What can be done with the configuration; SECTION is a VM, or GLOBAL. */
const configCommands = {
  get: { arguments: ['SECTION', 'KEY'], options: {}, help: 'Print a value in force.' },
  set: { arguments: ['SECTION', 'KEY', 'VALUE'], options: {}, help: 'Change the file.' },
  unset: { arguments: ['SECTION', 'KEY'], options: {}, help: 'Take a key out of the file.' },
  list: { arguments: [], optional: 'SECTION', options: {}, help: 'Print all, with their lines.' },
  check: { arguments: [], options: {}, help: 'Look for mistakes.' },
} as const satisfies CliCommandTable;

/** What can be done with kernels. */
const kernelCommands = {
  list: { arguments: [], options: {}, help: 'List the kernels and who uses them.' },
  info: { arguments: ['KERNEL'], options: {}, help: 'Tell all about a kernel.' },
  fetch: { arguments: [], options: { update: [] }, help: "Get Debian's newest kernel." },
  use: { arguments: ['VM', 'KERNEL'], options: {}, help: 'Have a VM boot this kernel.' },
} as const satisfies CliCommandTable;

export type KernelCommandName = keyof typeof kernelCommands;

export type ConfigCommandName = keyof typeof configCommands;

/** The words of umladmin. */
export const adminCommands = {
  list: { arguments: [], options: {}, help: 'List the VMs and their states.' },
  start: {
    arguments: [],
    many: 'VM',
    options: { wait: ['LEVEL'], timeout: ['DURATION'] },
    help: 'Start monitors.',
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
    help: 'Stop guests in order, start them.',
  },
  update: {
    arguments: [],
    many: 'VM',
    options: { n: [], yes: [] },
    help: 'Apply a changed configuration.',
  },
  doctor: { arguments: [], options: {}, help: 'Examine the host.' },
  cleanup: { arguments: [], many: 'VM', options: {}, help: 'Remove what dead VMs left.' },
  kernel: { arguments: [], options: {}, subcommands: kernelCommands, help: 'Manage kernels.' },
  config: { arguments: [], options: {}, subcommands: configCommands, help: 'Read, change, check settings.' },
  password: {
    arguments: [],
    optional: 'VM',
    options: { role: ['ROLE'], remove: [], list: [] },
    help: 'Set a password for remote control.',
  },
  user: { arguments: ['VM'], options: { remove: [], n: [] }, help: 'Make a user for a VM alone.' },
  disk: { arguments: [], options: {}, subcommands: adminDiskCommands, help: 'Work on disk images.' },
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
  return name ? { value: name } : refuse(`${quoted(text)} is no image`);
}
