/** Pure. */
import type { Readiness as ReadinessInfo, ReadyLevel } from '../../rpc/umlmonctrl.gen.ts';

/** Milliseconds, since the start was asked for, at which each level was reached. */
export type LevelTimes = Readonly<Partial<Record<ReadyLevel, number>>>;

/** The readiness of one run of a VM. Levels are a set: a guest may show its login before it reports that it is up. */
export interface GuestReadiness {
  /** The level at which the VM counts as ready. */
  readonly configured: ReadyLevel;
  readonly reached: LevelTimes;
}

/** The same value if the level is reached already: nothing goes back, and the first time counts. */
export function reachLevel(readiness: GuestReadiness, level: ReadyLevel, elapsedMs: number): GuestReadiness {
  if (readiness.reached[level] !== undefined) return readiness;
  return { ...readiness, reached: { ...readiness.reached, [level]: Math.max(0, Math.round(elapsedMs)) } };
}

/** The levels with times of a record of the previous monitor; other content is ignored. */
export function parseLevelTimes(recorded: unknown): LevelTimes {
  if (typeof recorded !== 'object' || recorded === null) return {};
  const isLevelTime = ([level, time]: [string, unknown]) =>
    Object.hasOwn(levels, level) && Number.isSafeInteger(time) && Number(time) >= 0;
  return Object.fromEntries(Object.entries(recorded).filter(isLevelTime));
}

/** As INFO answers it. */
export function describeReadiness({ configured, reached }: GuestReadiness): ReadinessInfo {
  const times = Object.entries(reached) as [ReadyLevel, number][];
  return {
    configured,
    ready: reached[configured] !== undefined,
    reached: times
      .map(([level, elapsedMs]) => ({ level, elapsedMs }))
      .sort((a, b) => a.elapsedMs - b.elapsedMs || levels[a.level] - levels[b.level]),
  };
}

/** In the usual order. */
const levels: Readonly<Record<ReadyLevel, number>> = { launched: 0, kernel: 1, guest: 2, console: 3 };
