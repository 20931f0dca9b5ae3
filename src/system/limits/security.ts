import { fair, limit, MiB } from './limit.ts';

export const security = {
  events: limit(
    512,
    '',
    'Security events held by one program.',
    'The oldest of the most frequent kind and peer goes.',
    fair('kind and peer'),
  ),
  eventsOfPeer: limit(32, '', 'Those of one kind and peer.', 'Its oldest goes and is counted.', 'one'),
  foldTime: limit(60_000, 'ms', 'Time in which equal events are merged.', 'A new event.'),
  linesAtOnce: limit(120, '', 'Lines of a kind at once.', 'Others are counted.', fair('peer')),
  linesOfPeerAtOnce: limit(20, '', 'Those of one kind and peer.', 'Others are counted.', 'one'),
  lineTime: limit(30_000, 'ms', 'Pause before one more such line.', 'Twice that for one peer.'),
  peers: limit(1024, '', 'Peers whose lines are counted.', 'The quietest is forgotten.', fair('peer')),
  text: limit(200, 'characters', 'Text of a security event.', 'The rest is cut.'),
  fileBytes: limit(1 * MiB, 'bytes', 'File of the security log.', 'A new file.', 'one'),
  files: limit(3, '', 'Rotated files of the security log.', 'The oldest is removed.', 'one'),
} as const;
