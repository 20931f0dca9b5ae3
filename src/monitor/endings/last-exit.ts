import { isDeepStrictEqual } from 'node:util';
import { readRegularFile } from '../../config/file/read-file.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { XdrReader, XdrWriter } from '../../rpc/codec/xdr.ts';
import { type ExitRecord, exitRecordCodec } from '../../rpc/umlmonctrl.gen.ts';
import { replaceFile } from '../../system/files/atomic-file.ts';
import type { EventLog } from '../events/event-log.ts';

/** The exit record of the last guest, also of a previous monitor; null if the record is missing or invalid. */
export function readLastExit({ lastExit }: VmLayout): ExitRecord | null {
  try {
    const text = readRegularFile(lastExit, 'any');
    if (!Buffer.isBuffer(text)) return null;
    const stored: unknown = JSON.parse(text.toString());
    // Older monitors did not write all fields.
    const record = typeof stored === 'object' ? { bundle: '', why: '', con0Reason: '', ...stored } : stored;
    return isExitRecord(record) ? record : null;
  } catch {
    return null;
  }
}

/** Publishes how a guest ended. */
export function publishExit(events: Pick<EventLog, 'publish'>, exit: ExitRecord): void {
  const { cause, why, panic, code, signal, askedBy } = exit;
  const reason = why || panic;
  events.publish('exit', reason ? `${cause}: ${reason}` : cause, { cause, code, signal, asked_by: askedBy });
}

/** Writes the record that readLastExit reads. Errors: those of the system. */
export function writeLastExit({ lastExit }: VmLayout, exit: ExitRecord): void {
  replaceFile(lastExit, `${JSON.stringify(exit)}\n`, 0o640);
}

/** Whether the protocol can carry the record: any other would make every later answer to INFO fail. */
function isExitRecord(value: unknown): value is ExitRecord {
  const writer = new XdrWriter();
  exitRecordCodec.encode(writer, value as ExitRecord);
  return isDeepStrictEqual(exitRecordCodec.decode(new XdrReader(writer.bytes())), value);
}
