import { KiB, limit } from './limit.ts';

export const security = {
  events: limit(
    512,
    '',
    'Security events that a program holds, apart from all other events.',
    'Of the kind that has the most, and of the peer that has the most of these, the oldest goes, and is counted.',
    { fairBy: 'kind and peer' },
  ),
  eventsOfPeer: limit(
    32,
    '',
    'Security events of one kind and one peer.',
    'Its own oldest one goes, and is counted.',
    'one',
  ),
  foldTime: limit(
    60_000,
    'ms',
    'Time within which security events that are alike are one, with a count.',
    'The next one is a new event.',
  ),
  linesAtOnce: limit(
    120,
    '',
    'Lines of a kind that may come to the security log at once: what a person reads.',
    'Others are counted, and told together.',
    { fairBy: 'peer' },
  ),
  linesOfPeerAtOnce: limit(
    20,
    '',
    'Those of one kind and peer.',
    'Others are counted, and told together.',
    'one',
  ),
  lineTime: limit(
    30_000,
    'ms',
    'After this time there may be one more such line of a kind; of one peer, after twice the time.',
    'So many a day fill a third of a file.',
  ),
  peers: limit(
    1024,
    '',
    'Peers whose lines are counted.',
    'The one that was told of longest ago begins anew.',
    { fairBy: 'peer' },
  ),
  text: limit(200, 'characters', 'Text of a security event.', 'It is cut.'),
  fileBytes: limit(1024 * KiB, 'bytes', 'File of the security log.', 'A new one begins.', 'one'),
  files: limit(3, '', 'Former files of the security log that are kept.', 'The oldest is removed.', 'one'),
} as const;
