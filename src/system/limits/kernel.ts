import { limit } from './limit.ts';

export const kernel = {
  notifyPerSecond: limit(
    20,
    '',
    'Notifications of one type per second: a guest that boots sends a handful of messages through /proc/mconsole, a kernel one panic.',
    'They are read all the same, because the kernel waits for that, but counted instead of published.',
    'one',
  ),
  notifyRounds: limit(
    256,
    '',
    'Notifications, or answers of the management console, taken in a row. The queue of the socket holds 11.',
    'Others have their turn; then reading goes on.',
    'one',
  ),
  forgedReport: limit(
    60_000,
    'ms',
    'Time between two events about datagrams that somebody else sent in the name of the kernel.',
    'They are dropped and counted all the same; the next event tells how many.',
  ),
  mconsoleTimeout: limit(
    5000,
    'ms',
    'Time for a command of the management console; the usual answer takes 0.03 ms.',
    'The command fails with MCONSOLE_TIMEOUT.',
  ),
  mconsolePoke: limit(
    250,
    'ms',
    'Silence after which a request may be stuck behind a malformed one of somebody else.',
    'The kernel is poked with an empty request.',
  ),
  mconsoleQuiet: limit(
    250,
    'ms',
    'Silence within an answer after which its last packets must be lost; the kernel sends them without a pause.',
    'The answer is delivered and marked truncated.',
  ),
  mconsoleSurePackets: limit(
    11,
    '',
    'Packets of an answer of which surely none is missing: what the queue of a socket holds.',
    'A longer answer is marked truncated, since the kernel drops packets for which the queue has no room.',
    'one',
  ),
  mconsoleWaiting: limit(
    300,
    '',
    'Commands that wait for the one in progress: one of each possible connection, and some. Those of the monitor itself go ahead of them.',
    'A further one fails with MCONSOLE_BUSY.',
    { perPeer: 32, reserve: 44, by: 'user or address' },
  ),
  versionCharacters: limit(
    500,
    'characters',
    'What a kernel says that it is; usual are 120.',
    'The rest is left out.',
  ),
  mconsoleAnswerPackets: limit(
    2048,
    '',
    'Packets of one answer: about 1 MiB of text.',
    'The answer is delivered and marked truncated.',
    'one',
  ),
} as const;
