import { readFileSync } from 'node:fs';
import type { LaunchPlan } from '../plan/plan.ts';
import { replaceFile } from '../system/atomic-file.ts';
import { monitorLimits } from '../system/limits.ts';
import type { ProcessIdentity } from '../system/process.ts';
import { type LevelTimes, parseLevelTimes } from './readiness.ts';

/** What a monitor leaves for the one after it, in a file only its own user can write: enough to adopt a VM. */
export interface RunRecord {
  /** The plan that was executed. */
  readonly plan: LaunchPlan;
  /** Milliseconds since 1970 when the start began. */
  readonly began: number;
  /** The kernel's process; absent before it was seen. */
  readonly kernel?: ProcessIdentity;
  /** Levels of readiness; absent before the kernel answered. */
  readonly reached?: LevelTimes;
  /** PID 1 of its jail. */
  readonly init?: ProcessIdentity;
}

export function writeRunRecord(path: string, record: RunRecord): void {
  // It is of no use after a crash of the host.
  replaceFile(path, JSON.stringify(record), 0o600, false);
}

/** The record of a former monitor; undefined if there is none that can be read. */
export function readRunRecord(path: string): RunRecord | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > monitorLimits.runRecordBytes) return undefined;
    const record = JSON.parse(text) as RunRecord;
    if (!Array.isArray(record.plan?.steps) || typeof record.began !== 'number') return undefined;
    return { ...record, reached: parseLevelTimes(record.reached) };
  } catch {
    return undefined;
  }
}
