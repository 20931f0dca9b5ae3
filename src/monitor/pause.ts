import { toFailure, UmlmonError } from '../system/errors.ts';
import { monitorLimits } from '../system/limits.ts';
import type { EventLog } from './event-log.ts';

/** A guest that stands still because somebody asked for it. */
export interface Paused {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Who asked. */
  readonly by: string;
  /** When the monitor resumes it, in milliseconds since 1970; 0: never by itself. */
  readonly resumesAt: number;
}

export interface PauseHost {
  readonly vm: string;
  /** A command of the management console. Errors: MCONSOLE_*. */
  readonly request: (command: 'stop' | 'go' | 'version') => Promise<unknown>;
  readonly events: Pick<EventLog, 'publish'>;
  /** Leaves what there is for the monitor after this one: called before each `stop` and after each `go`. */
  readonly keep: () => void;
  readonly trouble: (error: unknown) => void;
}

/** What a monitor leaves: a pause that was asked for, or only that a work of its own held the guest. */
export interface PauseRecord {
  readonly paused?: Paused;
  readonly held: boolean;
}

/**
 * The one place that stops and resumes the guest of a kernel. The guest stands still while somebody has asked for it
 * (`pause`, `resume`), or while works of the monitor need it (`during`), and each of them can end without the other.
 *
 * A stopped kernel (mconsole_stop in arch/um/drivers/mconsole_kern.c) answers its management console and does nothing
 * else. Every stop has an end that does not hang on whoever asked for it.
 */
export class Pause {
  readonly #host: PauseHost;
  #paused: Paused | undefined;
  #works = 0;
  /** Whether the kernel has been told to stop, and not yet to go on. */
  #isStopped = false;
  /** A `stop` was not answered: it may wait in the kernel's queue. */
  #isUncertain = false;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(host: PauseHost) {
    this.#host = host;
  }

  /** Undefined if nobody has asked for a pause. */
  get paused(): Paused | undefined {
    return this.#paused;
  }

  get record(): PauseRecord {
    return { ...(this.#paused ? { paused: this.#paused } : {}), held: this.#works > 0 };
  }

  /**
   * Stops the guest until it is resumed, or for `limitMs` (0: without limit). Errors: STATE_WRONG, MCONSOLE_*. After
   * MCONSOLE_TIMEOUT the kernel may still stop later, so that the pause counts and its limit runs.
   */
  async pause(by: string, limitMs: number): Promise<Paused> {
    if (this.#paused) throw this.#refusal('STATE_WRONG', `it is paused already, by ${this.#paused.by}`);
    const since = Date.now();
    const paused = { since, by, resumesAt: limitMs > 0 ? since + limitMs : 0 };
    this.#paused = paused;
    try {
      await this.#apply();
    } catch (error) {
      if (!this.#isStopped) {
        if (this.#paused === paused) this.#paused = undefined;
        this.#host.keep();
      } else this.#announce(paused);
      throw error;
    }
    this.#announce(paused);
    return paused;
  }

  /** Ends the pause; a work that needs the guest to stand still is not disturbed. Errors: STATE_*, MCONSOLE_*. */
  async resume(by: string): Promise<void> {
    const paused = this.#paused;
    if (!paused)
      throw this.#works > 0
        ? this.#refusal('STATE_BUSY', 'the monitor needs the guest to stand still for a moment')
        : this.#refusal('STATE_WRONG', 'it is not paused');
    clearTimeout(this.#timer);
    this.#paused = undefined;
    try {
      await this.#apply();
    } catch (error) {
      // It stands still, and is to be resumed once more.
      this.#paused ??= paused;
      this.#arm(monitorLimits.resumeRetry);
      throw error;
    }
    const lasted = Date.now() - paused.since;
    this.#host.events.publish('resumed', `after ${lasted / 1000} s, by ${by}`, { by, lasted_ms: lasted });
  }

  /**
   * Does a work while the guest stands still, for `limitMs` milliseconds at most: then the guest goes on, the signal of
   * the work is aborted, and its result is worth nothing. A pause that was asked for is left as it is.
   *
   * Errors: PAUSE_LIMIT, MCONSOLE_*, those of the work.
   */
  async during<R>(by: string, limitMs: number, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const over = new AbortController();
    let release = async () => {
      release = () => Promise.resolve();
      this.#works -= 1;
      await this.#letGo();
    };
    this.#works += 1;
    try {
      await this.#apply();
      const timer = setTimeout(() => {
        over.abort(this.#tooLong(by, limitMs));
        void release();
      }, limitMs);
      try {
        const result = await work(over.signal);
        if (over.signal.aborted) throw over.signal.reason;
        return result;
      } finally {
        clearTimeout(timer);
      }
    } finally {
      await release();
    }
  }

  /** What a former monitor has left: the pause goes on with its limit; works of that monitor are over. */
  restore({ paused, held }: PauseRecord): void {
    if (!paused && !held) return;
    this.#isStopped = true;
    this.#paused = paused;
    if (paused) {
      this.#arm(paused.resumesAt - Date.now());
      // It may have been killed before the kernel had the request. Asked twice, a kernel says so, and stays stopped.
      this.#isStopped = false;
    }
    if (paused) this.#apply().catch(this.#host.trouble);
    else void this.#letGo();
  }

  /** The kernel is gone. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#retry);
    this.#paused = undefined;
  }

  #announce(paused: Paused): void {
    const { since, by, resumesAt } = paused;
    const limit = resumesAt ? `for ${(resumesAt - since) / 1000} s at most` : 'without limit';
    this.#host.events.publish('paused', `by ${by}, ${limit}`, { by, resumes_at: resumesAt });
    this.#arm(resumesAt - Date.now());
  }

  /** Brings the kernel to what is wanted now, in turn with what others want. */
  #apply(): Promise<void> {
    const turn = this.#turn.then(() => this.#bring());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #bring(): Promise<void> {
    const wanted = this.#paused !== undefined || this.#works > 0;
    if (this.#isClosed) {
      if (wanted) throw this.#refusal('STATE_WRONG', 'it is not running');
      return;
    }
    if (wanted) this.#host.keep();
    if (wanted === this.#isStopped) return;
    if (wanted) await this.#stop();
    else await this.#go();
  }

  async #stop(): Promise<void> {
    try {
      await this.#ask('stop');
      this.#isStopped = true;
    } catch (error) {
      this.#isUncertain = toFailure(error).code === 'MCONSOLE_TIMEOUT';
      this.#isStopped = this.#isUncertain;
      throw error;
    }
  }

  async #go(): Promise<void> {
    // `go` overtakes a `stop` that waits for a worker of the kernel; `version` is answered by that worker.
    if (this.#isUncertain) await this.#host.request('version');
    await this.#ask('go');
    this.#isStopped = false;
    this.#isUncertain = false;
    this.#host.keep();
  }

  /** Lets the guest go on if nobody wants it to stand still any more; tries again for as long as the kernel lives. */
  async #letGo(): Promise<void> {
    try {
      await this.#apply();
    } catch (error) {
      this.#host.trouble(error);
      if (this.#isClosed) return;
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => void this.#letGo(), monitorLimits.resumeRetry);
    }
  }

  /** A kernel that is there already says `Already stopped` or `Not stopped`. */
  async #ask(command: 'stop' | 'go'): Promise<void> {
    try {
      await this.#host.request(command);
    } catch (error) {
      if (!/already stopped|not stopped/i.test(toFailure(error).cause)) throw error;
    }
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    const { paused } = this;
    if (!paused?.resumesAt || this.#isClosed) return;
    this.#timer = setTimeout(() => this.resume('pause_limit').catch(this.#host.trouble), Math.max(0, ms));
  }

  #refusal(code: 'STATE_WRONG' | 'STATE_BUSY', cause: string): UmlmonError {
    return new UmlmonError(code, { place: this.#host.vm, cause, hint: `umlwatch ${this.#host.vm} -info` });
  }

  #tooLong(by: string, limitMs: number): UmlmonError {
    const cause = `${by} kept the guest still for more than ${limitMs / 1000} s; it was resumed`;
    return new UmlmonError('PAUSE_LIMIT', { place: this.#host.vm, cause });
  }
}

/** A record of another monitor, which may be damaged: then there is nothing to restore but that the guest goes on. */
export function parsePauseRecord(value: unknown): PauseRecord {
  if (typeof value !== 'object' || value === null) return { held: false };
  const { paused, held } = value as { paused?: Partial<Paused>; held?: unknown };
  const isTime = (time: unknown): time is number => Number.isSafeInteger(time) && Number(time) >= 0;
  if (!paused) return { held: held === true };
  const { since, by, resumesAt } = paused;
  if (!isTime(since) || !isTime(resumesAt) || typeof by !== 'string' || by.length > monitorLimits.eventText)
    return { held: true };
  return { paused: { since, by, resumesAt }, held: held === true };
}
