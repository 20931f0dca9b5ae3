import { serviceLimits } from '../limits/limits.ts';
import { failureText, isSystemError, toFailure, UmlmonError } from './errors.ts';

export interface LastWordHost {
  readonly log: {
    info(facts: object, text: string): void;
    error(facts: object, text: string): void;
    fatal(facts: object, text: string): void;
  };
  /** A host call has failed in a place where no caller takes the error. The daemon serves on. */
  readonly trouble: (error: unknown) => void;
  /** Keeps the ending for the next daemon and for clients. Errors: those of the system. */
  readonly keep?: (ending: Ending) => void;
}

/** How a daemon ended. */
export interface Ending {
  readonly reason: string;
  /** What failed, for people; empty after an end in order. */
  readonly failed: string;
  /** Where in the program; empty unless the program itself has a fault. */
  readonly stack: string;
}

/** Status of a daemon that ends by a fault of its own. */
const faultStatus = 1;

/**
 * The last line in the log of a daemon, and its exit record, however it ends: in order, by an error, by an exception that
 * nothing catches, or by an exit that was not announced. Only SIGKILL and the end of the host leave neither.
 *
 * An exception in a timer, an event handler or a callback would end the process. One from a call to the host does not say
 * that the daemon itself is at fault: it is a trouble, and the daemon serves on. After any other exception, or too many,
 * the daemon ends: what it holds in memory may be wrong, and the next one takes its guest over.
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
  /** Times of the last exceptions that were survived, of performance.now(). */
  #survived: number[] = [];

  /** Node raises rejections that nothing handles as exceptions, too. */
  constructor(host: LastWordHost) {
    this.#host = host;
    process.on('uncaughtException', this.#onStray).on('exit', this.#onExit);
  }

  /** The daemon ends in order, because of this. */
  end(reason: string): void {
    this.#say('info', { reason, failed: '', stack: '' });
  }

  /** The daemon ends because of this error. */
  fail(error: unknown): void {
    const failure = toFailure(error);
    const stack = isOfHost(error) || !(error instanceof Error) ? '' : (error.stack ?? '');
    this.#say('fatal', { reason: failure.code, failed: failureText(failure), stack });
  }

  /** What comes after this is for the program, no longer for the daemon. */
  close(): void {
    process.off('uncaughtException', this.#onStray).off('exit', this.#onExit);
  }

  #stray(error: unknown): void {
    if (isOfHost(error) && this.#maySurvive()) {
      try {
        this.#host.trouble(error);
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

  #say(level: 'info' | 'fatal', ending: Ending): void {
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

/** Whether an error tells of the host, and not of a fault in the program. */
function isOfHost(error: unknown): boolean {
  return isSystemError(error) || (error instanceof UmlmonError && error.code !== 'INTERNAL');
}
