import { limit, MiB } from './limit.ts';

export const configuration = {
  fileBytes: limit(1 * MiB, 'bytes', 'One configuration file.', 'CONFIG_SYNTAX.', 'one'),
  files: limit(1000, '', 'Files in a configuration directory.', 'CONFIG_UNREADABLE.', 'one'),
  lineCharacters: limit(4096, 'characters', 'One line.', 'CONFIG_SYNTAX.'),
  sections: limit(1000, '', 'Sections of one file.', 'CONFIG_SYNTAX; the rest is not read.', 'one'),
  keys: limit(256, '', 'Keys of one section.', 'CONFIG_SYNTAX; the rest is not read.', 'one'),
  problems: limit(100, '', 'Problems in one report.', 'The others are counted.', 'one'),
  memoryBeside: limit(64 * MiB, 'bytes', 'Smallest memory_max beyond mem.', 'CONFIG_CONFLICT.', 'one'),
} as const;
