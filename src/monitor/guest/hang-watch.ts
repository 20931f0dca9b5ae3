import { failureText, toFailure } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { processStateOf } from '../../system/native/process.ts';

/** A kernel that does not answer, or whose guest says that it hangs. */
export interface Hang {
  readonly by: 'mconsole' | 'watchdog';
  /** One line for people. */
  readonly found: string;
}

export interface HangWatchHost {
  readonly kernel: { readonly pid: number; readonly request: (command: string) => Promise<unknown> };
  /** Milliseconds between two looks; 0: only the guest's watchdog counts. */
  readonly intervalMs: number;
  /** Bytes that the consoles have said: more than last time is a sign of life. */
  readonly said: () => number;
  readonly onHang: (hang: Hang) => void;
  /** The kernel answers again, after so many milliseconds. */
  readonly onOver: (lastedMs: number) => void;
}

/**
 * Watches one kernel for hangs. `version` is answered by a worker thread of the guest's kernel, so it tells more than
 * that the process lives; a guest that was stopped by the management console answers it, too, and does not hang.
 * What a watchdog reports is about the guest's programs: that the kernel answers does not end such a hang.
 */
export class HangWatch {
  readonly #host: HangWatchHost;
  #timer: NodeJS.Timeout | undefined;
  #said: number;
  #since = 0;
  /** The same on the clock of performance.now(). */
  #began = 0;
  #by: Hang['by'] | undefined;
  #closed = false;

  constructor(host: HangWatchHost) {
    this.#host = host;
    this.#said = host.said();
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
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#closed || this.#host.intervalMs === 0) return;
    this.#timer = setTimeout(() => {
      // #look handles every failure of a question itself.
      void this.#look().finally(() => this.#arm());
    }, this.#host.intervalMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const said = this.#host.said();
    const quiet = said === this.#said;
    this.#said = said;
    if (!quiet && !this.#by) return;
    const began = performance.now();
    const heard = await this.#ask();
    if (this.#closed || heard === 'nothing to tell') return;
    if (heard === 'an answer') this.#answered();
    else
      this.#hang(
        { by: 'mconsole', found: `${heard.silence}; ${this.#process()}` },
        performance.now() - began,
      );
  }

  async #ask(): Promise<'an answer' | 'nothing to tell' | { readonly silence: string }> {
    let silence = '';
    for (let n = 0; n < monitorLimits.hangQuestions && !this.#closed; n++) {
      try {
        await this.#host.kernel.request('version');
        return 'an answer';
      } catch (error) {
        const failure = toFailure(error, 'version');
        if (failure.code === 'MCONSOLE_REFUSED') return 'an answer';
        // That we cannot ask says nothing about the kernel: others do, or its socket is gone, or our descriptors are.
        if (failure.code !== 'MCONSOLE_TIMEOUT') return 'nothing to tell';
        silence = failureText({ ...failure, hint: '' });
      }
    }
    return { silence };
  }

  #process(): string {
    const { pid } = this.#host.kernel;
    return `process ${pid} is ${processStateOf(pid) ?? 'gone'}`;
  }

  /** @param forMs how long it has hung already */
  #hang(hang: Hang, forMs: number): void {
    if (this.#by || this.#closed) return;
    this.#by = hang.by;
    this.#since = Math.round(Date.now() - forMs);
    this.#began = performance.now() - forMs;
    this.#host.onHang(hang);
  }

  #answered(): void {
    if (this.#by !== 'mconsole') return;
    const lastedMs = Math.round(performance.now() - this.#began);
    this.#by = undefined;
    this.#since = 0;
    this.#host.onOver(lastedMs);
  }
}
