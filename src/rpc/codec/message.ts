import { rpcLimits } from '../../system/limits/limits.ts';
import { XdrError, XdrReader, type XdrWriter } from './xdr.ts';

/** RFC 5531 section 9: the version of RPC itself. */
export const RPC_VERSION = 2;

const CALL = 0;
const REPLY = 1;
const ACCEPTED = 0;
const DENIED = 1;
const AUTH_NONE = 0;
const AUTH_SYS = 1;

/** The header of a call. */
export interface CallHeader {
  readonly xid: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
}

/** RFC 5531 section 9, `accept_stat`, in the order of its numbers. */
const acceptWords = [
  'success',
  'prog-unavail',
  'prog-mismatch',
  'proc-unavail',
  'garbage-args',
  'system-err',
] as const;

/** RFC 5531 section 9, `auth_stat`; the numbers of other flavours are not used here. */
export const authProblem = { badCredential: 1, rejectedCredential: 2, badVerifier: 3, tooWeak: 5 } as const;

/** The status of a call; after `success`, the results follow. */
export type ReplyStatus =
  | { readonly status: Exclude<(typeof acceptWords)[number], 'prog-mismatch'> }
  | { readonly status: 'prog-mismatch' | 'rpc-mismatch'; readonly low: number; readonly high: number }
  | { readonly status: 'auth-error'; readonly problem: number };

/** A call, or the reply that refuses its header. */
export type ReadCall =
  | { readonly kind: 'call'; readonly header: CallHeader }
  | { readonly kind: 'denied'; readonly xid: number; readonly status: ReplyStatus };

/** Writes the header of a call with AUTH_NONE; the arguments follow. The server identifies local peers by the socket. */
export function writeCall(writer: XdrWriter, header: CallHeader): void {
  const { xid, program, version, procedure } = header;
  for (const word of [xid, CALL, RPC_VERSION, program, version, procedure]) writer.uint(word);
  for (let auth = 0; auth < 2; auth++) {
    writer.uint(AUTH_NONE);
    writer.uint(0);
  }
}

/** Reads the header of a call up to its arguments. Throws XdrError if the record is not a call. */
export function readCall(reader: XdrReader): ReadCall {
  const xid = reader.uint();
  if (reader.uint() !== CALL) throw new XdrError('not a call');
  if (reader.uint() !== RPC_VERSION)
    return { kind: 'denied', xid, status: { status: 'rpc-mismatch', low: RPC_VERSION, high: RPC_VERSION } };
  const header = { xid, program: reader.uint(), version: reader.uint(), procedure: reader.uint() };
  const problem = checkCredential(reader) ?? checkVerifier(reader);
  if (problem !== null) return { kind: 'denied', xid, status: { status: 'auth-error', problem } };
  return { kind: 'call', header };
}

export function writeReply(writer: XdrWriter, xid: number, reply: ReplyStatus): void {
  writer.uint(xid);
  writer.uint(REPLY);
  if (reply.status === 'rpc-mismatch') {
    for (const word of [DENIED, 0, reply.low, reply.high]) writer.uint(word);
  } else if (reply.status === 'auth-error') {
    for (const word of [DENIED, 1, reply.problem]) writer.uint(word);
  } else {
    for (const word of [ACCEPTED, AUTH_NONE, 0, acceptWords.indexOf(reply.status)]) writer.uint(word);
    if (reply.status === 'prog-mismatch') for (const word of [reply.low, reply.high]) writer.uint(word);
  }
}

/** Reads the header of a reply up to its results. Throws XdrError if the record is not a reply. */
export function readReply(reader: XdrReader): { readonly xid: number; readonly reply: ReplyStatus } {
  const xid = reader.uint();
  if (reader.uint() !== REPLY) throw new XdrError('not a reply');
  const accepted = reader.uint();
  if (accepted === ACCEPTED) return { xid, reply: readAccepted(reader) };
  if (accepted === DENIED) return { xid, reply: readDenied(reader) };
  throw new XdrError(`reply_stat ${accepted}`);
}

function readAccepted(reader: XdrReader): ReplyStatus {
  reader.uint();
  reader.opaque(rpcLimits.authBytes);
  const number = reader.uint();
  const status = acceptWords[number];
  if (status === undefined) throw new XdrError(`accept_stat ${number}`);
  return status === 'prog-mismatch' ? { status, low: reader.uint(), high: reader.uint() } : { status };
}

function readDenied(reader: XdrReader): ReplyStatus {
  const number = reader.uint();
  if (number === 0) return { status: 'rpc-mismatch', low: reader.uint(), high: reader.uint() };
  if (number === 1) return { status: 'auth-error', problem: reader.uint() };
  throw new XdrError(`reject_stat ${number}`);
}

/** AUTH_NONE, or a well-formed AUTH_SYS. Its content is ignored: the socket identifies the peer. */
function checkCredential(reader: XdrReader): number | null {
  const flavour = reader.uint();
  const body = readAuthBody(reader);
  if (body === null) return authProblem.badCredential;
  if (flavour === AUTH_NONE) return body.length === 0 ? null : authProblem.badCredential;
  if (flavour === AUTH_SYS) return isAuthSys(body) ? null : authProblem.badCredential;
  return authProblem.rejectedCredential;
}

function checkVerifier(reader: XdrReader): number | null {
  const flavour = reader.uint();
  const body = readAuthBody(reader);
  return flavour === AUTH_NONE && body?.length === 0 ? null : authProblem.badVerifier;
}

/** The body of a credential or verifier; null if it is longer than RFC 5531 allows. */
function readAuthBody(reader: XdrReader): Buffer | null {
  const length = reader.uint();
  return length > rpcLimits.authBytes ? null : reader.fixedOpaque(length);
}

/** RFC 5531 appendix A, `authsys_parms`: stamp, machine name, uid, gid, up to 16 gids. */
function isAuthSys(body: Buffer): boolean {
  const reader = new XdrReader(body);
  try {
    reader.uint();
    reader.opaque(255);
    reader.uint();
    reader.uint();
    const gids = reader.uint();
    if (gids > 16) return false;
    reader.fixedOpaque(4 * gids);
    reader.finish();
    return true;
  } catch (error) {
    if (error instanceof XdrError) return false;
    throw error;
  }
}
