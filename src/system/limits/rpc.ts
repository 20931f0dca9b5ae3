import { KiB, limit, MiB } from './limit.ts';

export const rpc = {
  authBytes: limit(
    400,
    'bytes',
    'Body of a credential or verifier (RFC 5531 section 8.2).',
    'The connection ends.',
  ),
  callHeaderBytes: limit(
    6 * 4 + 2 * (8 + 400),
    'bytes',
    'Header of a call: xid, message type, RPC version, program, version, procedure; then credential and verifier.',
    'The connection ends as soon as a fragment announces more than header and arguments can have.',
  ),
  replyBytes: limit(
    1 * MiB,
    'bytes',
    'Record with a reply. The largest that carries data is 64 KiB and a few words; lists are cut by whoever answers.',
    'It is not sent, and the call gets SYSTEM_ERR; a client ends the connection.',
  ),
  fragments: limit(
    1024,
    '',
    'Fragments of one record: 1 MiB in pieces of 1 KiB. Without a bound, empty fragments would be read for ever.',
    'The connection ends.',
  ),
  connections: limit(
    256,
    '',
    'Connections of one monitor: a class that watches one console, and a dashboard; more are a leak of somebody.',
    'A further one is closed at once, and counted.',
  ),
  callsOutstanding: limit(
    32,
    '',
    'Calls of one connection in progress: one waiting read for each console, one for the events, and room for commands.',
    'Further calls are not read until one is answered; use a second connection for many waiting reads.',
  ),
  unsentPauseBytes: limit(
    256 * KiB,
    'bytes',
    'Unsent replies of a connection.',
    'No further call is read until the client has read its replies.',
  ),
  unsentDropBytes: limit(
    4 * MiB,
    'bytes',
    'Unsent replies of a connection: above what 32 reads of 64 KiB can add after the pause, so that only a peer that asks for much and reads nothing comes here.',
    'The connection ends, and is counted.',
  ),
  unsentTotalBytes: limit(
    64 * MiB,
    'bytes',
    'Unsent replies of all connections of a monitor.',
    'A connection that has more than its pause unsent, and adds to it, ends, and is counted.',
  ),
  clientCalls: limit(
    256,
    '',
    'Calls that one client keeps waiting, sent or not: bounds its own memory when the monitor has stopped reading.',
    'A further call fails.',
  ),
  closeGrace: limit(
    1000,
    'ms',
    'Time that a closing connection leaves to replies which are on their way.',
    'The connection is cut.',
  ),
} as const;
