/** What a monitor remembers of deaths, beside the last exit, so that the next monitor does not begin anew. */
import { readFileSync, rmSync } from 'node:fs';
import type { VmLayout } from '../../jail/layout.ts';
import type { Hold } from '../../rpc/umlmonctrl.gen.ts';
import { replaceFile } from '../../system/atomic-file.ts';
import { monitorLimits } from '../../system/limits.ts';
import type { Death, DeathTally } from './death-tally.ts';

export interface DeathRecord {
  readonly tally: DeathTally;
  /** Why the VM stays down; null while a policy may start it. */
  readonly held: Hold | null;
}

export const noDeaths: DeathRecord = { tally: [], held: null };

/** The record of this or a former monitor; no deaths if there is none that can be read. */
export function readDeathRecord({ deaths }: VmLayout): DeathRecord {
  try {
    const text = readFileSync(deaths, 'utf8');
    if (text.length > monitorLimits.deathsBytes) return noDeaths;
    const record: unknown = JSON.parse(text);
    return isDeathRecord(record) ? record : noDeaths;
  } catch {
    return noDeaths;
  }
}

export function writeDeathRecord({ deaths }: VmLayout, record: DeathRecord): void {
  replaceFile(deaths, `${JSON.stringify(record)}\n`, 0o640);
}

export function removeDeathRecord({ deaths }: VmLayout): void {
  rmSync(deaths, { force: true });
}

function isDeathRecord(value: unknown): value is DeathRecord {
  if (!isObject(value) || !Array.isArray(value.tally)) return false;
  return value.tally.every(isDeath) && (value.held === null || isHold(value.held));
}

function isDeath(value: unknown): value is Death {
  return isObject(value) && Number.isSafeInteger(value.at) && Number.isSafeInteger(value.ranMs);
}

function isHold(value: unknown): value is Hold {
  return (
    isObject(value) &&
    (value.kind === 'gave-up' || value.kind === 'kept') &&
    Number.isSafeInteger(value.since) &&
    typeof value.why === 'string'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
