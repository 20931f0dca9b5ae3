import type { CliCommandTable } from '../commands/argument-kinds.ts';

/** The verbs on disk images: of `umlwatch VM -disk`, and of `umladmin disk`. */
export const diskCommands = {
  list: { arguments: [], options: {}, help: 'List the images.' },
  info: { arguments: ['PATH'], options: {}, help: 'Tell all about an image.' },
  create: { arguments: ['PATH', 'SIZE'], options: { ext4: [] }, help: 'Make an image, sparse.' },
  delete: { arguments: ['PATH'], options: {}, help: 'Remove an image.' },
  copy: { arguments: ['FROM', 'TO'], options: {}, help: 'Copy an image.' },
  resize: { arguments: ['PATH', 'SIZE'], options: { filesystem: [] }, help: 'Change its size.' },
  convert: { arguments: ['FROM', 'TO'], options: {}, help: 'Make a flat image of one.' },
  check: { arguments: ['PATH'], options: {}, help: 'Look for damage.' },
  'cow-create': { arguments: ['COW', 'BACKING'], options: {}, help: 'Make a COW image.' },
  'cow-merge': { arguments: ['COW'], optional: 'TARGET', options: {}, help: 'Merge two layers.' },
  'cow-rebase': {
    arguments: ['COW', 'BACKING'],
    options: { same: [] },
    help: 'Put it over another backing file.',
  },
  snapshot: { arguments: ['PATH', 'SNAPSHOT'], options: {}, help: 'Keep its present state.' },
  rollback: { arguments: ['PATH', 'SNAPSHOT'], options: {}, help: 'Go back to a snapshot.' },
  'snapshot-delete': { arguments: ['PATH', 'SNAPSHOT'], options: {}, help: 'Forget a snapshot.' },
} as const satisfies CliCommandTable;

export type DiskCommandName = keyof typeof diskCommands;
