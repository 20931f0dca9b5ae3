/** Bounds of the transport, each with its reason. docs/protocol.md prints them; bounds of fields are in the `.x` file. */

/** RFC 5531 section 8.2: the body of a credential or verifier. */
export const AUTH_BYTES_MAX = 400;

/** xid, message type, RPC version, program, version, procedure; then credential and verifier, each flavour + length + body. */
export const CALL_HEADER_BYTES_MAX = 6 * 4 + 2 * (8 + AUTH_BYTES_MAX);

/**
 * Largest reply. The largest that carries data is 64 KiB and a few words; lists are cut by whoever answers. A client
 * never holds more than this for one answer.
 */
export const REPLY_BYTES_MAX = 1024 * 1024;

/** Fragments of one record: 1 MiB in pieces of 1 KiB. Without a bound, empty fragments would be read for ever. */
export const FRAGMENTS_MAX = 1024;

/** Clients of one server: a person has a few, a dashboard one for each VM; more are a leak of somebody. */
export const CONNECTIONS_MAX = 64;

/** Calls of one connection in progress: one waiting read for each console, one for the events, and room for commands. */
export const CALLS_OUTSTANDING_MAX = 32;

/** Unsent reply bytes of one connection beyond which its calls are left in the socket. */
export const UNSENT_PAUSE_BYTES = 256 * 1024;

/**
 * Unsent reply bytes of one connection beyond which it is dropped: above what 32 reads of 64 KiB can add after the
 * pause, so that only a peer that asks for much and reads nothing comes here.
 */
export const UNSENT_DROP_BYTES = 4 * 1024 * 1024;

/** Calls that one client keeps waiting, sent or not: bounds its own memory when the server has stopped reading. */
export const CLIENT_CALLS_MAX = 256;

/** Time that close() leaves to replies which are on their way, in milliseconds. */
export const CLOSE_GRACE_MS = 1000;
