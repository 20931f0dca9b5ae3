import { rpcLimits } from '../../system/limits/limits.ts';
import { authProblem, type CallHeader, type ReplyStatus, readCall, writeReply } from '../codec/message.ts';
import type { Caller, Handlers, Procedure, Program } from '../codec/program.ts';
import { beginRecord, sealRecord } from '../codec/record.ts';
import { XdrError, XdrReader } from '../codec/xdr.ts';

/** Counters of a server since its start; they only increase. */
export interface RpcCounters {
  connections: number;
  /** Connections closed at once at a limit. */
  refused: number;
  /** Connections closed because the peer did not read its replies. */
  dropped: number;
  calls: number;
  /** Handlers that threw, or whose result does not fit a reply. */
  faults: number;
  /** Malformed records, headers and arguments, lost framing, and calls before the login. */
  garbage: number;
}

/** Thrown by a handler if the caller must log in first: the call is refused, and the connection ends. */
export class StrangerError extends Error {
  override readonly name = 'StrangerError';
}

/** Answers one record with one record. Rejects with XdrError if the record is not a call: then the connection must end. */
export type Dispatch = (record: Buffer, caller: Caller) => Promise<Buffer>;

interface Served {
  readonly name: string;
  readonly procedure: Procedure;
  readonly handle: (args: unknown, caller: Caller) => unknown;
}

/** @param onFault called for each error that the peer gets as SYSTEM_ERR, with the name of the procedure */
export function createDispatch<P extends Program>(
  program: P,
  handlers: Handlers<P>,
  counters: RpcCounters,
  onFault: (error: unknown, procedure: string) => void,
): Dispatch {
  const served = new Map<number, Served>();
  for (const [name, procedure] of Object.entries(program.procedures)) {
    // The type of `handlers` connects the two by name, which the type of the map cannot express.
    const handle = handlers[name as keyof Handlers<P>] as unknown as Served['handle'];
    served.set(procedure.number, { name, procedure, handle });
  }

  return async (record, caller) => {
    const reader = new XdrReader(record);
    const call = readCall(reader);
    counters.calls++;
    if (call.kind === 'denied') return refuse(call.xid, call.status);
    const { xid } = call.header;
    const mismatch = refuseHeader(program, call.header);
    if (mismatch) return refuse(xid, mismatch);
    const target = served.get(call.header.procedure);
    if (!target) return refuse(xid, { status: 'proc-unavail' });
    const args = readArgs(target.procedure, reader);
    if (!args) return refuse(xid, { status: 'garbage-args' });
    try {
      return successRecord(xid, target.procedure, await target.handle(args.value, caller));
    } catch (error) {
      if (error instanceof StrangerError) {
        caller.remote?.dismiss();
        return refuse(xid, { status: 'auth-error', problem: authProblem.tooWeak });
      }
      counters.faults++;
      onFault(error, target.name);
      return statusRecord(xid, { status: 'system-err' });
    }
  };

  function refuse(xid: number, status: ReplyStatus): Buffer {
    counters.garbage++;
    return statusRecord(xid, status);
  }
}

function refuseHeader({ program, version }: Program, call: CallHeader): ReplyStatus | null {
  if (call.program !== program) return { status: 'prog-unavail' };
  return call.version === version ? null : { status: 'prog-mismatch', low: version, high: version };
}

/** The arguments, wrapped because they may be void; null if malformed. */
function readArgs(procedure: Procedure, reader: XdrReader): { readonly value: unknown } | null {
  try {
    const value = procedure.args.decode(reader);
    reader.finish();
    return { value };
  } catch (error) {
    if (error instanceof XdrError) return null;
    throw error;
  }
}

function successRecord(xid: number, procedure: Procedure, result: unknown): Buffer {
  const writer = beginRecord();
  writeReply(writer, xid, { status: 'success' });
  procedure.result.encode(writer, result);
  if (writer.length > rpcLimits.replyBytes)
    throw new XdrError(`reply of ${writer.length} bytes, at most ${rpcLimits.replyBytes}`);
  return sealRecord(writer);
}

function statusRecord(xid: number, status: ReplyStatus): Buffer {
  const writer = beginRecord();
  writeReply(writer, xid, status);
  return sealRecord(writer);
}
