import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * A moment that another process of this host can compare with its own, through a file. The wall clock may be set forward
 * and back (NTP, an administrator, a wrong RTC), so it is only for display and for moments before the last boot.
 */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly wall: number;
  /** The boot of the host (proc(5), random/boot_id); '' if unknown. */
  readonly boot: string;
  /** Milliseconds of the monotonic clock of that boot (clock_gettime(2), CLOCK_MONOTONIC). */
  readonly uptime: number;
}

let boot: string | undefined;

function bootId(): string {
  try {
    boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    // Without /proc, only the wall clock is available.
    boot = '';
  }
  return boot;
}

export function thisMoment(): Moment {
  return { wall: Date.now(), boot: bootId(), uptime: Number(process.hrtime.bigint() / 1_000_000n) };
}

/** A moment with only the wall clock. */
export function wallMoment(wall: number): Moment {
  return { wall, boot: '', uptime: 0 };
}

/** Milliseconds from one moment to a later one; negative only without a common boot, if the wall clock was set back. */
export function spanMs(from: Moment, to: Moment): number {
  return from.boot !== '' && from.boot === to.boot ? to.uptime - from.uptime : to.wall - from.wall;
}

/** Milliseconds since a moment; never negative. */
export function msSince(moment: Moment, clock: Pick<Clock, 'moment'> = hostClock): number {
  return Math.max(0, spanMs(moment, clock.moment()));
}

/** A moment from a file; undefined if malformed. */
export function parseMoment(value: unknown): Moment | undefined {
  const { wall, boot: of, uptime } = Object(value) as Partial<Record<keyof Moment, unknown>>;
  const isTime = (time: unknown): time is number => Number.isSafeInteger(time) && Number(time) >= 0;
  if (!isTime(wall) || !isTime(uptime) || typeof of !== 'string' || of.length > 64) return undefined;
  return { wall, boot: of, uptime };
}

/** A timer of a Clock. */
export interface ClockTimer {
  cancel(): void;
}

/** The time as a VM and its parts read it. Tests pass a clock of their own. */
export interface Clock {
  /** Milliseconds since 1970, only for display: see Moment. */
  wall(): number;
  /** Milliseconds of a clock that is never set back or forward; only differences have a meaning. */
  now(): number;
  moment(): Moment;
  /** Calls `work` once, after `ms` milliseconds. A background timer does not keep the program alive. */
  after(ms: number, work: () => void, kind?: 'background'): ClockTimer;
  delay(ms: number): Promise<void>;
}

/** The clocks and timers of the host. */
export const hostClock: Clock = {
  wall: () => Date.now(),
  now: () => performance.now(),
  moment: thisMoment,
  after: (ms, work, kind) => {
    const timer = setTimeout(work, ms);
    if (kind === 'background') timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  delay: (ms) => delay(ms),
};
