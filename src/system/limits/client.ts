import { internal, limit, MiB } from './limit.ts';

export const client = {
  levelWait: limit(60_000, 'ms', '-wait LEVEL without a duration.', 'WAIT_TIMEOUT.'),
  stepTime: limit(60_000, 'ms', '-send, -expect or -run without a duration.', 'CONSOLE_TIMEOUT.'),
  patternCharacters: limit(1000, 'characters', 'Pattern of -expect.', 'USAGE.'),
  commandBytes: limit(800, 'bytes', 'Command of -run.', 'USAGE.', 'one'),
  searchedCharacters: limit(
    65_536,
    'characters',
    'Newest output that -expect searches.',
    'Older output is ignored.',
  ),
  documentCharacters: limit(4 * MiB, 'characters', 'Output of -run -json.', 'It is cut: "truncated": true.'),
  recordingBytes: limit(256 * MiB, 'bytes', 'Recording of a session.', 'The recording ends.', 'one'),
  historyLines: limit(500, '', 'Command history of the prompt.', 'The oldest line goes.', 'one'),
  callWait: internal(30_000, 'ms', 'One call that waits for events; then it is repeated.'),
} as const;
