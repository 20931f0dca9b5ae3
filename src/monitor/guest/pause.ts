import { type Moment, msSince, parseMoment, thisMoment, wallMoment } from '../../system/clock.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { EventLog } from '../events/event-log.ts';

/** A guest that stands still because somebody asked for it. */
export interface Paused {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Who asked. */
  readonly by: string;
  /** When the monitor resumes it, in milliseconds since 1970; 0: never by itself. */
  readonly resumesAt: number;
  /** `since` as a moment; absent in records of monitors that had none. */
  readonly moment?: Moment;
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

/**
 * Stops and resumes the guest of a kernel for those who ask for it. A stopped kernel (mconsole_stop in
 * arch/um/drivers/mconsole_kern.c) answers its management console and does nothing else. A backup stops the process of
 * the kernel instead (src/jail/pause.ts), and needs a guest that is not paused.
 */
export class Pause {
  readonly #host: PauseHost;
  #paused: Paused | undefined;
  /** A backup needs the guest to go on. */
  #isBarred = false;
  /** Whether the kernel has been told to stop, and not yet to go on. */
  #isStopped = false;
  /** A `stop` was not answered: it may wait in the kernel's queue. */
  #isUncertain = false;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(host: PauseHost) {
    this.#host = host;
  }

  /** Undefined if nobody has asked for a pause. */
  get paused(): Paused | undefined {
    return this.#paused;
  }

  /**
   * Stops the guest until it is resumed, or for `limitMs` (0: without limit). Errors: STATE_*, MCONSOLE_*. After
   * MCONSOLE_TIMEOUT the kernel may still stop later, so that the pause counts and its limit runs.
   */
  async pause(by: string, limitMs: number): Promise<Paused> {
    if (this.#paused) throw this.#refusal('STATE_WRONG', `it is paused already, by ${this.#paused.by}`);
    if (this.#isBarred)
      throw this.#refusal(
        'STATE_BUSY',
        'a backup needs the guest until its images are copied',
        'try again then',
      );
    const moment = thisMoment();
    const since = moment.wall;
    const paused = { since, by, resumesAt: limitMs > 0 ? since + limitMs : 0, moment };
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

  /** Ends the pause. Errors: STATE_WRONG, MCONSOLE_*. */
  async resume(by: string): Promise<void> {
    const paused = this.#paused;
    if (!paused) throw this.#refusal('STATE_WRONG', 'it is not paused');
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
    const lasted = msSince(momentOf(paused));
    this.#host.events.publish('resumed', `after ${lasted / 1000} s, by ${by}`, { by, lasted_ms: lasted });
  }

  /**
   * Nobody may pause the guest until the function that is returned is called, once or more. Errors: STATE_WRONG if
   * somebody has.
   */
  bar(): () => void {
    if (this.#paused)
      throw this.#refusal(
        'STATE_WRONG',
        `the guest is paused, by ${this.#paused.by}: it cannot write back what it holds in memory`,
        `resume it first: umlwatch ${this.#host.vm} -resume`,
      );
    this.#isBarred = true;
    return () => {
      this.#isBarred = false;
    };
  }

  /** A pause that a former monitor has left goes on, with its limit. */
  restore(paused: Paused): void {
    this.#paused = paused;
    this.#arm(leftOf(paused));
    // That monitor may have been killed before the kernel had the request. Asked twice, a kernel stays stopped.
    this.#apply().catch(this.#host.trouble);
  }

  /** The kernel is gone. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#paused = undefined;
  }

  #announce(paused: Paused): void {
    const { since, by, resumesAt } = paused;
    const limit = resumesAt ? `for ${(resumesAt - since) / 1000} s at most` : 'without limit';
    this.#host.events.publish('paused', `by ${by}, ${limit}`, { by, resumes_at: resumesAt });
    this.#arm(leftOf(paused));
  }

  /** Brings the kernel to what is wanted now, in turn with what others want. */
  #apply(): Promise<void> {
    const turn = this.#turn.then(() => this.#bring());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #bring(): Promise<void> {
    const wanted = this.#paused !== undefined;
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

  #refusal(
    code: 'STATE_WRONG' | 'STATE_BUSY',
    cause: string,
    hint = `umlwatch ${this.#host.vm} -info`,
  ): UmlmonError {
    return new UmlmonError(code, { place: this.#host.vm, cause, hint });
  }
}

function momentOf({ since, moment = wallMoment(since) }: Paused): Moment {
  return moment;
}

/** Milliseconds until a pause ends by itself: at most its whole limit, whatever the clocks of the host say. */
function leftOf(paused: Paused): number {
  const limit = Math.max(0, paused.resumesAt - paused.since);
  return Math.max(0, limit - msSince(momentOf(paused)));
}

/**
 * What a former monitor has recorded of a pause. The guest of a damaged record may stand still: that is a pause whose
 * time is over.
 *
 * @param began when the VM was started, in milliseconds since 1970
 */
export function parsePaused(value: unknown, began: number): Paused {
  const { since, by, resumesAt } = Object(value) as Partial<Record<keyof Paused, unknown>>;
  const isTime = (time: unknown): time is number => Number.isSafeInteger(time) && Number(time) >= 0;
  const moment = parseMoment(Object(value).moment);
  if (isTime(since) && isTime(resumesAt) && typeof by === 'string' && by.length <= monitorLimits.eventText)
    return { since, by, resumesAt, ...(moment ? { moment } : {}) };
  return { since: began, by: 'unknown', resumesAt: began + 1 };
}
