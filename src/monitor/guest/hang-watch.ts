import type { Clock, ClockTimer } from '../../system/clock.ts';
import { failureText, toFailure } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { processStateOf } from '../../system/native/process.ts';
import type { RunningKernel } from '../running-kernel.ts';

/** A kernel that does not answer, or whose guest reports a hang. */
export interface Hang {
  readonly by: 'mconsole' | 'watchdog';
  /** One line for users. */
  readonly found: string;
}

export interface HangListener {
  /** Bytes of console output up to now: more than last time is a sign of life. */
  bytesSaid(): number;
  hung(hang: Hang): void;
  /** The kernel answers again, after so many milliseconds. */
  hangOver(lastedMs: number): void;
}

/**
 * Watches one kernel for hangs. A worker thread of the guest's kernel answers `version`, so an answer shows more than a
 * living process. A guest that was stopped by the management console answers too, and does not hang. A watchdog reports
 * hangs of the guest's programs: an answer of the kernel does not end such a hang.
 */
export class HangWatch {
  readonly #kernel: Pick<RunningKernel, 'pid'> & { request(command: string): Promise<unknown> };
  readonly #intervalMs: number;
  readonly #listener: HangListener;
  readonly #clock: Clock;
  #timer: ClockTimer | undefined;
  #said: number;
  #since = 0;
  /** The same moment of Clock.now. */
  #began = 0;
  #by: Hang['by'] | undefined;
  #closed = false;

  /** @param intervalMs milliseconds between two checks; 0: only the guest's watchdog counts */
  constructor(
    kernel: Pick<RunningKernel, 'pid'> & { request(command: string): Promise<unknown> },
    intervalMs: number,
    listener: HangListener,
    clock: Clock,
  ) {
    this.#kernel = kernel;
    this.#intervalMs = intervalMs;
    this.#listener = listener;
    this.#clock = clock;
    this.#said = listener.bytesSaid();
    this.#arm();
  }

  /** Milliseconds since 1970; 0 if the kernel does not hang. */
  get since(): number {
    return this.#since;
  }

  /** The kernel has sent a HANG notification. */
  reported(text: string): void {
    this.#hang({ by: 'watchdog', found: text || 'reported by the watchdog of the guest' }, 0);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    if (this.#closed || this.#intervalMs === 0) return;
    // #check handles every failure of a request itself.
    const check = () => void this.#check().finally(() => this.#arm());
    this.#timer = this.#clock.after(this.#intervalMs, check, 'background');
  }

  async #check(): Promise<void> {
    const said = this.#listener.bytesSaid();
    const quiet = said === this.#said;
    this.#said = said;
    if (!quiet && !this.#by) return;
    const began = this.#clock.now();
    const heard = await this.#ask();
    if (this.#closed || heard === 'unknown') return;
    if (heard === 'an answer') this.#answered();
    else
      this.#hang(
        { by: 'mconsole', found: `${heard.silence}; ${this.#process()}` },
        this.#clock.now() - began,
      );
  }

  async #ask(): Promise<'an answer' | 'unknown' | { readonly silence: string }> {
    let silence = '';
    for (let n = 0; n < monitorLimits.hangQuestions && !this.#closed; n++) {
      try {
        await this.#kernel.request('version');
        return 'an answer';
      } catch (error) {
        const failure = toFailure(error, 'version');
        if (failure.code === 'MCONSOLE_REFUSED') return 'an answer';
        // A failed request does not show a hang: the console may be busy, or the socket or descriptors may be missing.
        if (failure.code !== 'MCONSOLE_TIMEOUT') return 'unknown';
        silence = failureText({ ...failure, hint: '' });
      }
    }
    return { silence };
  }

  #process(): string {
    const { pid } = this.#kernel;
    return `process ${pid} is ${processStateOf(pid) ?? 'gone'}`;
  }

  /** @param forMs milliseconds since the start of the hang */
  #hang(hang: Hang, forMs: number): void {
    if (this.#by || this.#closed) return;
    this.#by = hang.by;
    this.#since = Math.round(this.#clock.wall() - forMs);
    this.#began = this.#clock.now() - forMs;
    this.#listener.hung(hang);
  }

  #answered(): void {
    if (this.#by !== 'mconsole') return;
    const lastedMs = Math.round(this.#clock.now() - this.#began);
    this.#by = undefined;
    this.#since = 0;
    this.#listener.hangOver(lastedMs);
  }
}
