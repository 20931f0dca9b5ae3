import { internal, KiB, limit, MiB } from './limit.ts';

export const umlrunTable = {
  pieceBytes: internal(1 * MiB, 'bytes', 'Piece of standard input on its way to the guest.'),
  lineBytes: internal(512, 'bytes', 'Largest piece sent over the serial line; larger ones use a file.'),
  bootWait: limit(30_000, 'ms', 'From launch to the command; usually 0.2 s.', 'RUN_FAILED.'),
  signalWait: limit(5_000, 'ms', 'Exit of the command after a signal.', 'The VM is killed.'),
  words: internal(64 * KiB, 'characters', 'Kernel messages kept for an error; the oldest go.'),
  lines: limit(20, '', 'Of these, lines that are printed.', 'Older lines are omitted.', 'one'),
  failureCharacters: limit(1000, 'characters', 'One such line.', 'The rest is cut.'),
} as const;
