import { serviceLimits } from '../limits/limits.ts';
import { failureText, isSystemError, toFailure, UmlmonError } from './errors.ts';

export interface LastWordHost {
  readonly log: {
    info(facts: object, text: string): void;
    error(facts: object, text: string): void;
    fatal(facts: object, text: string): void;
  };
  /** Called for an uncaught error of a host call. The daemon continues. */
  readonly warning: (error: unknown) => void;
  /** Writes the exit record for the next daemon and for clients. Errors: those of the system. */
  readonly keep?: (ending: DaemonExit) => void;
}

/** The exit record of a daemon. */
export interface DaemonExit {
  readonly reason: string;
  /** The error as text; empty after a clean exit. */
  readonly failed: string;
  /** Stack trace; empty unless the program has a bug. */
  readonly stack: string;
}

/** Exit status of a daemon after a bug or an error. */
const faultStatus = 1;

/**
 * Writes the last line in the log of a daemon, and its exit record. It covers clean exits, errors, uncaught exceptions and
 * unannounced exits. Only SIGKILL and a crash of the host leave neither.
 *
 * An uncaught exception in a timer, an event handler or a callback would end the process. An exception of a host call does
 * not indicate a bug of the daemon: it is reported as a warning, and the daemon continues. After any other exception, or
 * too many, the daemon exits, because its state may be wrong. The next daemon takes over the guest.
 */
export class LastWord {
  readonly #host: LastWordHost;
  readonly #onStray = (error: unknown) => this.#stray(error);
  readonly #onExit = (status: number) =>
    this.#say('fatal', {
      reason: `exit with status ${status}`,
      failed: 'the end was not announced',
      stack: '',
    });
  #isSaid = false;
  /** Times of the last survived exceptions, from performance.now(). */
  #survived: number[] = [];

  /** Node also raises unhandled rejections as uncaught exceptions. */
  constructor(host: LastWordHost) {
    this.#host = host;
    process.on('uncaughtException', this.#onStray).on('exit', this.#onExit);
  }

  /** A clean exit with this reason. */
  end(reason: string): void {
    this.#say('info', { reason, failed: '', stack: '' });
  }

  /** An exit because of this error. */
  fail(error: unknown): void {
    const failure = toFailure(error);
    const stack = isOfHost(error) || !(error instanceof Error) ? '' : (error.stack ?? '');
    this.#say('fatal', { reason: failure.code, failed: failureText(failure), stack });
  }

  /** Removes the handlers; later errors are left to the program. */
  close(): void {
    process.off('uncaughtException', this.#onStray).off('exit', this.#onExit);
  }

  #stray(error: unknown): void {
    if (isOfHost(error) && this.#maySurvive()) {
      try {
        this.#host.warning(error);
        return;
      } catch (second) {
        this.fail(second);
      }
    } else this.fail(error);
    process.exit(faultStatus);
  }

  #maySurvive(): boolean {
    const now = performance.now();
    this.#survived = this.#survived.filter((time) => now - time < serviceLimits.strayTime);
    this.#survived.push(now);
    return this.#survived.length <= serviceLimits.strays;
  }

  #say(level: 'info' | 'fatal', ending: DaemonExit): void {
    if (this.#isSaid) return;
    this.#isSaid = true;
    const { log, keep } = this.#host;
    try {
      keep?.(ending);
    } catch (error) {
      log.error(toFailure(error), 'the exit record cannot be written');
    }
    const { reason, failed, stack } = ending;
    log[level](stack ? { reason, stack } : { reason }, failed ? `ends: ${failed}` : `ends: ${reason}`);
  }
}

/** Whether an error comes from the host rather than from a bug. */
function isOfHost(error: unknown): boolean {
  return isSystemError(error) || (error instanceof UmlmonError && error.code !== 'INTERNAL');
}
