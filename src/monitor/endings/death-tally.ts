/** The unexpected exits of a guest since the last start by a user, oldest first. */
import type { RestartLimit } from '../../config/values/policy-values.ts';
import { type Moment, spanMs, wallMoment } from '../../system/clock.ts';
import { monitorLimits } from '../../system/limits/limits.ts';

export interface Death {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds that the kernel had run; 0 if it did not even start. */
  readonly ranMs: number;
  /** `at` as a moment; absent in records of monitors that had none. */
  readonly moment?: Moment;
}

export type DeathTally = readonly Death[];

/** Adds an unexpected exit; removes the oldest beyond the largest limit. */
export function addDeath(tally: DeathTally, death: Death): DeathTally {
  return [...tally, death].slice(-monitorLimits.deathsKept - 1);
}

/** Whether the last exit exceeded the limit (exits within seconds, as in s6-permafailon). */
export function isTooMany(tally: DeathTally, limit: RestartLimit | null): boolean {
  const last = tally.at(-1);
  if (!limit || !last) return false;
  const before = tally.slice(0, -1).filter((death) => {
    const span = spanMs(momentOf(death), momentOf(last));
    return span >= 0 && span < limit.windowMs;
  });
  return before.length >= limit.deaths;
}

function momentOf({ at, moment = wallMoment(at) }: Death): Moment {
  return moment;
}

/** Milliseconds to wait after the last exit: one second, doubled after each short run. */
export function backOff(tally: DeathTally): number {
  const { restartInterval, restartIntervalMax } = monitorLimits;
  const healthy = tally.findLastIndex(({ ranMs }) => ranMs >= restartIntervalMax);
  const shortLives = tally.length - 1 - healthy;
  if (shortLives === 0) return 0;
  const interval = Math.min(restartInterval * 2 ** (shortLives - 1), restartIntervalMax);
  // The clock of the host may have been set back in that life.
  const ranMs = Math.max(0, tally.at(-1)?.ranMs ?? 0);
  return Math.max(0, interval - ranMs);
}
