import { readFileSync } from 'node:fs';
import type { VmLayout } from '../jail/layout.ts';
import type { ExitRecord } from '../rpc/umlmonctrl.gen.ts';
import { replaceFile } from '../system/atomic-file.ts';

/** The exit record of the last guest, also of one under a former monitor; null if there is none that can be read. */
export function readLastExit({ lastExit }: VmLayout): ExitRecord | null {
  try {
    const record: unknown = JSON.parse(readFileSync(lastExit, 'utf8'));
    return isExitRecord(record) ? record : null;
  } catch {
    return null;
  }
}

export function writeLastExit({ lastExit }: VmLayout, record: ExitRecord): void {
  replaceFile(lastExit, `${JSON.stringify(record)}\n`, 0o640);
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
