import type { CliCommandTable } from '../commands/argument-kinds.ts';

/** The disk commands of `umlwatch VM -disk` and of `umladmin disk`. */
export const diskCommands = {
  list: { arguments: [], options: {}, help: 'List the images.' },
  info: { arguments: ['PATH'], options: {}, help: 'Show an image in detail.' },
  create: { arguments: ['PATH', 'SIZE'], options: { ext4: [] }, help: 'Create a sparse image.' },
  delete: { arguments: ['PATH'], options: {}, help: 'Delete an image.' },
  copy: { arguments: ['FROM', 'TO'], options: {}, help: 'Copy an image.' },
  resize: { arguments: ['PATH', 'SIZE'], options: { filesystem: [] }, help: 'Change the size of an image.' },
  convert: { arguments: ['FROM', 'TO'], options: {}, help: 'Convert an image to a flat one.' },
  check: { arguments: ['PATH'], options: {}, help: 'Check the file system.' },
  'cow-create': { arguments: ['COW', 'BACKING'], options: {}, help: 'Create a COW image.' },
  'cow-merge': { arguments: ['COW'], optional: 'TARGET', options: {}, help: 'Merge a COW image.' },
  'cow-rebase': {
    arguments: ['COW', 'BACKING'],
    options: { same: [] },
    help: 'Change the backing file.',
  },
  snapshot: { arguments: ['PATH', 'SNAPSHOT'], options: {}, help: 'Take a snapshot.' },
  rollback: { arguments: ['PATH', 'SNAPSHOT'], options: {}, help: 'Go back to a snapshot.' },
  'snapshot-delete': { arguments: ['PATH', 'SNAPSHOT'], options: {}, help: 'Delete a snapshot.' },
} as const satisfies CliCommandTable;

export type DiskCommandName = keyof typeof diskCommands;
