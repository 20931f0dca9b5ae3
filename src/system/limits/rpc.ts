import { internal, KiB, limit, MiB, shared } from './limit.ts';

const closed = 'The connection is closed.';

export const rpc = {
  authBytes: internal(400, 'bytes', 'Credential or verifier (RFC 5531 section 8.2).'),
  callHeaderBytes: internal(
    6 * 4 + 2 * (8 + 400),
    'bytes',
    'Header of a call; a longer header or body ends the connection.',
  ),
  replyBytes: limit(1 * MiB, 'bytes', 'Record with a reply; data: 64 KiB.', 'SYSTEM_ERR.', 'one'),
  fragments: limit(1024, '', 'Fragments of one record.', closed, 'one'),
  connections: limit(
    256,
    '',
    'Connections to the control socket.',
    'Over the share: RPC_CONNECTIONS. Else the oldest of the user with the most is closed.',
    shared(64, 32, 'user'),
  ),
  behalfConnections: limit(
    256,
    '',
    'Connections on behalf of other users, as of umlweb.',
    'As for connections.',
    shared(64, 0, 'user'),
  ),
  refusedConnections: limit(
    32,
    '',
    'Refused connections that get an error at their first call.',
    'Others are closed at once.',
    shared(4, 4, 'user'),
  ),
  refusedTime: limit(1_000, 'ms', 'Wait for that call.', closed),
  tellInterval: limit(1_000, 'ms', 'Pause between log lines on closed connections.', 'One line has the sum.'),
  acceptTime: internal(2, 'ms', 'Accepting connections before others are served.'),
  turnTime: internal(2, 'ms', 'Serving calls before new ones are read; callers alternate.'),
  callsOutstanding: limit(32, '', 'Unanswered calls of one connection.', 'Further calls wait.', 'one'),
  unsentPauseBytes: limit(256 * KiB, 'bytes', 'Unsent replies of a connection.', 'Calls wait.', 'one'),
  unsentDropBytes: limit(4 * MiB, 'bytes', 'Unsent replies of a connection.', closed, 'one'),
  unsentTotalBytes: limit(
    64 * MiB,
    'bytes',
    'Unsent replies of all connections of a monitor.',
    'A connection above unsentPauseBytes is closed.',
    shared(16 * MiB, 16 * MiB, 'user or address'),
  ),
  clientCalls: internal(256, '', 'Calls that one client keeps waiting; a further one fails.'),
  answerTime: limit(15_000, 'ms', 'Answer of a monitor or umldir.', 'RPC_TIMEOUT.'),
  watchTime: internal(55_000, 'ms', 'One call that waits for changes of the directory server.'),
  connectPatience: limit(10_000, 'ms', 'Wait of a client while the control socket is full.', 'It fails.'),
  connectPause: internal(5, 'ms', 'Pause between two attempts.'),
  closeGrace: limit(1000, 'ms', 'Delivery of replies before a connection is closed.', 'The rest is lost.'),
} as const;
