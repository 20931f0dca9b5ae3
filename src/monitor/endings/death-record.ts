/** The unexpected exits before the last one, so that the next monitor counts on. */
import { readFileSync, rmSync } from 'node:fs';
import type { VmLayout } from '../../jail/layout.ts';
import type { Hold } from '../../rpc/umlmonctrl.gen.ts';
import { parseMoment } from '../../system/clock.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { replaceFile } from '../../system/files/atomic-file.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { Death, DeathTally } from './death-tally.ts';

export interface DeathRecord {
  readonly tally: DeathTally;
  /** Why the VM stays stopped; null while a policy may start it. */
  readonly held: Hold | null;
}

export const noDeaths: DeathRecord = { tally: [], held: null };

/**
 * The record of this or a previous monitor; empty without one.
 *
 * @throws UmlmonError HOST_FILE if there is one that cannot be read, or that no monitor has written
 */
export function readDeathRecord({ deaths }: VmLayout): DeathRecord {
  const unusable = (cause: string) =>
    new UmlmonError('HOST_FILE', {
      place: deaths,
      cause: `earlier unexpected exits are unknown to restart_limit: ${cause}`,
      hint: 'the count starts again; the next unexpected exit writes a new file',
    });
  let record: unknown;
  try {
    const text = readFileSync(deaths, 'utf8');
    if (text.length > monitorLimits.deathsBytes) throw unusable('the file is too large');
    record = JSON.parse(text);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return noDeaths;
    if (error instanceof SyntaxError) throw unusable('the file is damaged');
    throw isSystemError(error) ? unusable(error.message) : error;
  }
  if (isDeathRecord(record)) return record;
  throw unusable('the file is damaged');
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
  if (!isObject(value) || !Number.isSafeInteger(value.at) || !Number.isSafeInteger(value.ranMs)) return false;
  return value.moment === undefined || parseMoment(value.moment) !== undefined;
}

function isHold(value: unknown): value is Hold {
  return (
    isObject(value) &&
    (value.kind === 'restart-limit' || value.kind === 'preserved') &&
    Number.isSafeInteger(value.since) &&
    typeof value.why === 'string'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
