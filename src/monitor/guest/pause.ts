import type { VmLayout } from '../../jail/layout.ts';
import {
  type Clock,
  type ClockTimer,
  type Moment,
  msSince,
  parseMoment,
  wallMoment,
} from '../../system/clock.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Warnings } from '../warnings.ts';

/** A pause of the guest on request. */
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

/** What a pause needs of the run of its kernel. */
export interface PauseOwner {
  readonly layout: Pick<VmLayout, 'vm'>;
  readonly events: Pick<EventLog, 'publish'>;
  readonly warnings: Pick<Warnings, 'report'>;
  readonly clock: Clock;
  /** Writes the state of the run for the next monitor: called before each `stop` and after each `go`. */
  record(): void;
}

interface PausableKernel {
  /** A command of the management console. Errors: MCONSOLE_*. */
  request(command: string): Promise<unknown>;
}

/**
 * Stops and resumes the guest of a kernel for those who ask for it. A stopped kernel (mconsole_stop in
 * arch/um/drivers/mconsole_kern.c) answers its management console and does nothing else. A backup stops the process of
 * the kernel instead (src/jail/pause.ts), and needs a guest that is not paused.
 */
export class Pause {
  readonly #kernel: PausableKernel;
  readonly #owner: PauseOwner;
  #paused: Paused | undefined;
  /** A backup needs a running guest. */
  #isBarred = false;
  /** Whether the kernel has a `stop` without a `go`. */
  #isStopped = false;
  /** A `stop` was not answered: it may wait in the kernel's queue. */
  #isUncertain = false;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: ClockTimer | undefined;
  #isClosed = false;

  constructor(kernel: PausableKernel, owner: PauseOwner) {
    this.#kernel = kernel;
    this.#owner = owner;
  }

  /** Undefined without a pause. */
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
    const moment = this.#owner.clock.moment();
    const since = moment.wall;
    const paused = { since, by, resumesAt: limitMs > 0 ? since + limitMs : 0, moment };
    this.#paused = paused;
    try {
      await this.#apply();
    } catch (error) {
      if (!this.#isStopped) {
        if (this.#paused === paused) this.#paused = undefined;
        this.#owner.record();
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
    this.#timer?.cancel();
    this.#paused = undefined;
    try {
      await this.#apply();
    } catch (error) {
      // The guest is still paused: repeat later.
      this.#paused ??= paused;
      this.#arm(monitorLimits.resumeRetry);
      throw error;
    }
    const lasted = msSince(momentOf(paused), this.#owner.clock);
    this.#owner.events.publish('resumed', `after ${lasted / 1000} s, by ${by}`, { by, lasted_ms: lasted });
  }

  /** Refuses pauses until `unbar`. Errors: STATE_WRONG if the guest is paused. */
  bar(): void {
    if (this.#paused)
      throw this.#refusal(
        'STATE_WRONG',
        `the guest is paused, by ${this.#paused.by}: it cannot write back what it holds in memory`,
        `resume it first: umlwatch ${this.#owner.layout.vm} -resume`,
      );
    this.#isBarred = true;
  }

  /** Allows pauses again; does nothing if they are allowed. */
  unbar(): void {
    this.#isBarred = false;
  }

  /** Continues a pause of the previous monitor, with its limit. */
  restore(paused: Paused): void {
    this.#paused = paused;
    this.#arm(leftOf(paused, this.#owner.clock));
    // That monitor may have been killed before the kernel had the request. Asked twice, a kernel stays stopped.
    this.#apply().catch(this.#owner.warnings.report);
  }

  /** The kernel is gone. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#paused = undefined;
  }

  #announce(paused: Paused): void {
    const { since, by, resumesAt } = paused;
    const limit = resumesAt ? `for ${(resumesAt - since) / 1000} s at most` : 'without limit';
    this.#owner.events.publish('paused', `by ${by}, ${limit}`, { by, resumes_at: resumesAt });
    this.#arm(leftOf(paused, this.#owner.clock));
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
    if (wanted) this.#owner.record();
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
    if (this.#isUncertain) await this.#kernel.request('version');
    await this.#ask('go');
    this.#isStopped = false;
    this.#isUncertain = false;
    this.#owner.record();
  }

  /** A kernel in the wanted state answers `Already stopped` or `Not stopped`. */
  async #ask(command: 'stop' | 'go'): Promise<void> {
    try {
      await this.#kernel.request(command);
    } catch (error) {
      if (!/already stopped|not stopped/i.test(toFailure(error).cause)) throw error;
    }
  }

  #arm(ms: number): void {
    this.#timer?.cancel();
    const { paused } = this;
    if (!paused?.resumesAt || this.#isClosed) return;
    const resume = () => void this.resume('pause_limit').catch(this.#owner.warnings.report);
    this.#timer = this.#owner.clock.after(Math.max(0, ms), resume);
  }

  #refusal(
    code: 'STATE_WRONG' | 'STATE_BUSY',
    cause: string,
    hint = `umlwatch ${this.#owner.layout.vm} -info`,
  ): UmlmonError {
    return new UmlmonError(code, { place: this.#owner.layout.vm, cause, hint });
  }
}

function momentOf({ since, moment = wallMoment(since) }: Paused): Moment {
  return moment;
}

/** Milliseconds until the end of a pause by its limit: at most the whole limit, whatever the clocks of the host are. */
function leftOf(paused: Paused, clock: Clock): number {
  const limit = Math.max(0, paused.resumesAt - paused.since);
  return Math.max(0, limit - msSince(momentOf(paused), clock));
}

/**
 * The record of a pause by the previous monitor. The guest of a damaged record may be paused: that is a pause whose
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
