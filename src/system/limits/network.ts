import { KiB, limit, MiB } from './limit.ts';

export const network = {
  commandTime: limit(
    10_000,
    'ms',
    'Time that ip(8) or bridge(8) has for its commands: they take some milliseconds, more only while the host kernel is busy with its interfaces.',
    'The program is ended, and the start fails.',
  ),
  outputBytes: limit(
    8 * MiB,
    'bytes',
    'What ip(8) says about the interfaces of the host: about 1 KiB for each.',
    'The start fails: the host cannot be judged.',
  ),
  recordBytes: limit(
    64 * KiB,
    'bytes',
    'Record of what umlmon has set up for the network of a VM: 16 interfaces are a tenth of it.',
    'A longer one is not believed.',
  ),
  lockWait: limit(
    5_000,
    'ms',
    'Time to wait for other monitors that change the network of the host; each takes some 10 ms.',
    'The start fails.',
  ),
  lockPoll: limit(2, 'ms', 'Time between two looks whether they are done.', 'There is another look.'),
  macLockWait: limit(
    30_000,
    'ms',
    'Time to wait for other monitors that take hardware addresses for the first time; each writes a file to the disk of the host.',
    'The start fails.',
  ),
  macFileBytes: limit(
    8 * MiB,
    'bytes',
    'File of the MAC addresses that interfaces have: some 100,000 of them.',
    'It is not believed, and a start that needs an address fails.',
  ),
  linkPause: limit(
    250,
    'ms',
    'Time between two looks at the links of a VM that change: a guest may set an interface up and down for ever.',
    'What changes and changes back meanwhile is not told.',
  ),
  linkMessages: limit(
    64,
    '',
    'Messages of the host about links that are taken at once.',
    'The others are taken after the next look.',
  ),
  linkMessageBytes: limit(
    4 * KiB,
    'bytes',
    'Room for one; only that it came is of interest.',
    'Its end is lost.',
  ),
  forwards: limit(64, '', 'Forwarded ports of one interface.', 'More are refused.'),
  unit: limit(
    255,
    '',
    'Number of an interface in records that are read back.',
    'The record is not believed.',
  ),
  vectorDepth: limit(
    1024,
    '',
    'Packets that a guest reads or writes at once: the host takes no more in one system call (UIO_MAXIOV).',
    'A larger **depth** is refused.',
  ),
  vectorHeadroom: limit(
    4096,
    'bytes',
    'Room in front of a packet, for more headers than any tunnel has.',
    'A larger **headroom** is refused.',
  ),
  descriptor: limit(
    1023,
    '',
    'Number of a descriptor that a kernel inherits: what a process has by default.',
    'A larger one is refused.',
  ),
  socketPathBytes: limit(
    107,
    'bytes',
    'Path of a Unix socket: sun_path has 108 bytes, and the kernel wants a NUL (unix(7)).',
    'A longer one is refused.',
  ),
  vectorOptions: limit(
    20,
    '',
    'Options of one interface on the kernel command line, the transport among them: MAXVARGS of vector_user.h, which the kernel does not check.',
    'No transport has more; it would be a fault of umlmon.',
  ),
} as const;
