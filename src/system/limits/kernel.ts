import { internal, KiB, limit, MiB, shared } from './limit.ts';

const truncated = 'The answer is marked truncated.';

export const kernel = {
  notifyPerSecond: limit(
    20,
    '',
    'Notifications of one type per second.',
    'They are counted, not published.',
    'one',
  ),
  notifyRounds: internal(256, '', 'Notifications or mconsole answers read in a row.'),
  forgedReport: limit(60_000, 'ms', 'Pause between events on forged datagrams.', 'They are counted.'),
  mconsoleTimeout: limit(5000, 'ms', 'Answer of the management console.', 'MCONSOLE_TIMEOUT.'),
  mconsolePoke: internal(250, 'ms', 'Silence after which an empty request unblocks the kernel.'),
  mconsoleQuiet: limit(250, 'ms', 'Silence within an answer.', truncated),
  mconsoleSurePackets: limit(11, '', 'Packets that the queue of a socket holds.', truncated, 'one'),
  mconsoleWaiting: limit(
    300,
    '',
    'Commands that wait for the management console.',
    'MCONSOLE_BUSY.',
    shared(32, 44, 'user or address'),
  ),
  versionCharacters: internal(500, 'characters', 'Version text of a kernel; the rest is cut.'),
  mconsoleAnswerPackets: limit(2048, '', 'Packets of one answer: about 1 MiB.', truncated, 'one'),
  upTime: limit(20_000, 'ms', 'From the launch of a kernel to its announcement.', 'The start fails.'),
  openFiles: limit(65_536, '', 'Open files of a kernel (RLIMIT_NOFILE).', 'The kernel gets EMFILE.', 'one'),
  probedBytes: limit(512 * MiB, 'bytes', 'Loaded parts of a kernel file.', 'KERNEL_NOT_UML.', 'one'),
  probesKept: internal(32, '', 'Kernels in the cache of probe results.'),
  probeCacheBytes: internal(256 * KiB, 'bytes', 'File of that cache; a longer one is ignored.'),
  libraries: internal(256, '', 'Libraries that a kernel needs, with those that these need.'),
  libcBytes: internal(64 * MiB, 'bytes', 'Size of a C library that is read.'),
  programHeaders: internal(256, '', 'Program headers of an ELF file.'),
  dynamicEntries: internal(4096, '', 'Entries of the dynamic section of an ELF file.'),
  neededNames: internal(256, '', 'Libraries that one ELF file names.'),
  elfString: internal(4096, 'bytes', 'One name in an ELF file.'),
} as const;
