import { isDeepStrictEqual } from 'node:util';
import { readRegularFile } from '../../config/file/read-file.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { XdrReader, XdrWriter } from '../../rpc/codec/xdr.ts';
import { type ExitRecord, exitRecordCodec } from '../../rpc/umlmonctrl.gen.ts';
import { replaceFile } from '../../system/files/atomic-file.ts';
import type { EventLog } from '../events/event-log.ts';

/** The exit record of the last guest, also of one under a former monitor; null if there is none that can be read. */
export function readLastExit({ lastExit }: VmLayout): ExitRecord | null {
  try {
    const text = readRegularFile(lastExit, 'any');
    if (!Buffer.isBuffer(text)) return null;
    const stored: unknown = JSON.parse(text.toString());
    // Monitors before this one did not keep all of it.
    const record = typeof stored === 'object' ? { bundle: '', why: '', con0Reason: '', ...stored } : stored;
    return isExitRecord(record) ? record : null;
  } catch {
    return null;
  }
}

export interface ExitHost {
  readonly events: Pick<EventLog, 'publish'>;
  /** Keeps what is known of the death, the event of it included; the path, or empty. */
  readonly keepBundle: () => string;
  readonly trouble: (error: unknown) => void;
}

function exitReason({ cause, why, panic }: ExitRecord): string {
  const reason = why || panic;
  return reason ? `${cause}: ${reason}` : cause;
}

/** Publishes an exit and keeps its record, as it is returned; what cannot be written is published as trouble. */
export function recordExit(
  { lastExit }: VmLayout,
  exit: ExitRecord,
  { events, keepBundle, trouble }: ExitHost,
): ExitRecord {
  events.publish('exit', exitReason(exit), {
    cause: exit.cause,
    code: exit.code,
    signal: exit.signal,
    asked_by: exit.askedBy,
  });
  const record = { ...exit, bundle: keepBundle() };
  try {
    replaceFile(lastExit, `${JSON.stringify(record)}\n`, 0o640);
  } catch (error) {
    trouble(error);
  }
  return record;
}

/** A record is what the protocol can carry: anything else would make every later answer to INFO fail. */
function isExitRecord(value: unknown): value is ExitRecord {
  const writer = new XdrWriter();
  exitRecordCodec.encode(writer, value as ExitRecord);
  return isDeepStrictEqual(exitRecordCodec.decode(new XdrReader(writer.bytes())), value);
}
