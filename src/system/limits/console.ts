import { KiB, limit, MiB } from './limit.ts';

export const consoles = {
  ringBytes: limit(
    1 * MiB,
    'bytes',
    'Newest output of a console, kept for viewers that are slow or come later: what a busy guest says in some 20 ms, or a long session.',
    'The oldest bytes go; a reader sees by the offset how many it has missed.',
  ),
  ringFirstBytes: limit(
    4 * KiB,
    'bytes',
    'First size of a ring: a screen of text.',
    'It doubles as output comes.',
  ),
  readBytes: limit(
    64 * KiB,
    'bytes',
    'Output taken from one console in a row.',
    'The other consoles have their turn.',
  ),
  ptyReadBytes: limit(
    4 * KiB,
    'bytes',
    'Most that a pty gives per read(2) (n_tty.c).',
    'Less free room than this ends a turn.',
  ),
  ptyBytes: limit(
    20 * KiB,
    'bytes',
    'Most that a pty holds: twice the limit of its buffers (pty.c sets 8 KiB) and what the reading side keeps (n_tty.c). Measured: 13 to 20 KiB, by the sizes of the writes.',
    'The guest waits until the monitor has read.',
  ),
  writeQueueBytes: limit(
    64 * KiB,
    'bytes',
    'Typed or pasted input that waits for a guest which does not read it.',
    'The call that types accepts fewer bytes than offered.',
  ),
  waiters: limit(
    256,
    '',
    'Readers that wait for the output of one console at the same time: one per possible connection.',
    'A further one gets CONSOLE_BUSY.',
  ),
  crowd: limit(
    4,
    '',
    'Viewers who wait for the output of a flood at the same time, and together are given as much as comes in.',
    'More of them are given half of it: they read the rest later, or miss it, and the guest does not slow down.',
  ),
  lineCharacters: limit(
    500,
    'characters',
    'Longest line of console output in exit records and messages.',
    'The rest of the line is left out.',
  ),
  logRetry: limit(
    1000,
    'ms',
    'Time between attempts to write a log that failed, e.g. on a full disk.',
    'Output in between is counted as dropped.',
  ),
  stallBytes: limit(
    4 * KiB,
    'bytes',
    'Output after which a silence may mean that the kernel is stuck at a full pty: less than the limit of a pty’s buffers.',
    'The kernel is woken after a while.',
  ),
  stallTimes: limit(
    [2, 30, 300, 3000],
    'ms',
    'Silences after so much output: soon, and again in case the host was busy then. After input, from the second one on.',
    'The kernel is woken after each of them.',
  ),
  awakeTime: limit(
    2,
    'ms',
    'Time after a read of so much that the monitor looks for more without sleeping: a guest in a flood fills its pty faster than a process is woken.',
    'The monitor sleeps until there is output.',
  ),
  wakeBytes: limit(
    8 * KiB,
    'bytes',
    'One read of so much means that the guest writes faster than the monitor reads, and may meet a full pty. Without this, every stall costs the first of the times above, and output comes at half the speed.',
    'The kernel is woken at once, for the price of one signal.',
  ),
  gatherBytes: limit(
    64 * KiB,
    'bytes',
    'Output of a flood that viewers are not told of yet: as much as one answer carries.',
    'They are told. Anything less than a flood, such as the echo of a key, is told at once.',
  ),
  gatherTime: limit(
    2,
    'ms',
    'Longest time that viewers are not told of a flood. A pty holds so little that the monitor must be back at it in a quarter of a millisecond.',
    'They are told.',
  ),
} as const;
