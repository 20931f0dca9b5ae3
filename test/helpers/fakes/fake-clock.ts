import type { Clock, ClockTimer, Moment } from '../../../src/system/clock.ts';

/** A clock that moves only when a test moves it. */
export class FakeClock implements Clock {
  /** 2026-01-01; the monotonic clock begins at 0. */
  readonly #epoch = Date.UTC(2026, 0, 1);
  #now = 0;
  #timers: { readonly at: number; readonly work: () => void }[] = [];

  wall(): number {
    return this.#epoch + this.#now;
  }

  now(): number {
    return this.#now;
  }

  moment(): Moment {
    return { wall: this.wall(), boot: 'boot of the fake clock', uptime: this.#now };
  }

  after(ms: number, work: () => void): ClockTimer {
    const timer = { at: this.#now + ms, work };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((one) => one !== timer);
      },
    };
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** The program that set the timers is gone. */
  forgetTimers(): void {
    this.#timers = [];
  }

  /** Moves time forward and fires the timers that are due, in order, with `quiet` after each. */
  async advance(ms: number, quiet: () => Promise<void>): Promise<void> {
    const end = this.#now + ms;
    for (let due = this.#nextUntil(end); due; due = this.#nextUntil(end)) {
      const timer = due;
      this.#timers = this.#timers.filter((one) => one !== timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.work();
      await quiet();
    }
    this.#now = end;
  }

  #nextUntil(end: number) {
    const due = this.#timers.filter(({ at }) => at <= end);
    return due.length === 0 ? undefined : due.reduce((first, one) => (one.at < first.at ? one : first));
  }
}
