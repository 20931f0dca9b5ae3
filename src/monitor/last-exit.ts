import { readFileSync } from 'node:fs';
import type { VmLayout } from '../jail/layout.ts';
import type { ExitRecord } from '../rpc/umlmonctrl.gen.ts';
import { replaceFile } from '../system/atomic-file.ts';
import type { EventLog } from './event-log.ts';

/** The exit record of the last guest, also of one under a former monitor; null if there is none that can be read. */
export function readLastExit({ lastExit }: VmLayout): ExitRecord | null {
  try {
    const record: unknown = JSON.parse(readFileSync(lastExit, 'utf8'));
    return isExitRecord(record) ? record : null;
  } catch {
    return null;
  }
}

/** Keeps an exit record and publishes it; what cannot be written is published as trouble. */
export function recordExit(
  { lastExit }: VmLayout,
  exit: ExitRecord,
  { events, trouble }: { events: Pick<EventLog, 'publish'>; trouble: (error: unknown) => void },
): void {
  try {
    replaceFile(lastExit, `${JSON.stringify(exit)}\n`, 0o640);
  } catch (error) {
    trouble(error);
  }
  events.publish('exit', exit.panic ? `${exit.cause}: ${exit.panic}` : exit.cause, {
    cause: exit.cause,
    code: exit.code,
    signal: exit.signal,
    asked_by: exit.askedBy,
  });
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
  };
  return Object.entries(fields).every(([name, type]) => typeof Reflect.get(value, name) === type);
}
