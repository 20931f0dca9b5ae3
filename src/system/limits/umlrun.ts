import { KiB, limit, MiB } from './limit.ts';

export const umlrun = {
  pieceBytes: limit(
    1 * MiB,
    'bytes',
    'Standard input that waits while a piece is on its way to the guest, and so the size of a piece.',
    'Standard input is not read until the guest has taken the piece.',
    'one',
  ),
  lineBytes: limit(
    512,
    'bytes',
    'Largest piece of input that goes over the serial line: what a person types.',
    'A larger one goes through a file.',
    'one',
  ),
  bootWait: limit(
    30_000,
    'ms',
    'Time from the launch until the command runs; usual are 50 to 200.',
    'The VM is ended, and umlrun fails.',
  ),
  signalWait: limit(
    5_000,
    'ms',
    'Time that a command has to end after a signal that umlrun has passed on.',
    'The VM is ended.',
  ),
  words: limit(
    64 * KiB,
    'characters',
    'Messages of the kernel that are kept, to say how a VM failed.',
    'The oldest go.',
  ),
  lines: limit(20, '', 'Of these, lines that are shown.', 'Those before are left out.', 'one'),
  failureCharacters: limit(1000, 'characters', 'One such line.', 'It is cut.'),
} as const;
