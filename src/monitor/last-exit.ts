import { readFileSync } from 'node:fs';
import type { VmLayout } from '../jail/layout.ts';
import type { ExitRecord } from '../rpc/umlmonctrl.gen.ts';
import { replaceFile } from '../system/atomic-file.ts';
import type { EventLog } from './event-log.ts';

/** The exit record of the last guest, also of one under a former monitor; null if there is none that can be read. */
export function readLastExit({ lastExit }: VmLayout): ExitRecord | null {
  try {
    const stored: unknown = JSON.parse(readFileSync(lastExit, 'utf8'));
    // Monitors before this one did not keep bundles.
    const record = typeof stored === 'object' ? { bundle: '', ...stored } : stored;
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

/** Publishes an exit and keeps its record, as it is returned; what cannot be written is published as trouble. */
export function recordExit(
  { lastExit }: VmLayout,
  exit: ExitRecord,
  { events, keepBundle, trouble }: ExitHost,
): ExitRecord {
  events.publish('exit', exit.panic ? `${exit.cause}: ${exit.panic}` : exit.cause, {
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

function isExitRecord(value: unknown): value is ExitRecord {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Record<keyof ExitRecord, 'string' | 'number'> = {
    endedAt: 'number',
    cause: 'string',
    code: 'number',
    signal: 'number',
    askedBy: 'string',
    panic: 'string',
    lastLines: 'string',
    bundle: 'string',
  };
  return Object.entries(fields).every(([name, type]) => typeof Reflect.get(value, name) === type);
}
