import { setTimeout as delay } from 'node:timers/promises';
import { webLimits } from '../../system/limits/limits.ts';
import { refused } from './answer.ts';

/** The result of a slow request: finished, or not yet. */
export type AnswerOrLate = { readonly text: string } | { readonly late: number };

/** Results that a session has requested and not received yet, by number. Errors are those of the requests. */
export class LateAnswers {
  readonly #waiting = new Map<number, Promise<string>>();
  readonly #waitMs: number;
  #last = 0;

  /** @param waitMs milliseconds that a request waits */
  constructor(waitMs: number = webLimits.operationTime) {
    this.#waitMs = waitMs;
  }

  /** Waits for an answer, and for a while only; what comes later is asked for by its number. */
  async take(answer: Promise<string>): Promise<AnswerOrLate> {
    this.#last += 1;
    const number = this.#last;
    // It may fail before the page asks again.
    answer.catch(() => undefined);
    this.#waiting.set(number, answer);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > webLimits.lateAnswers && oldest !== undefined) this.#waiting.delete(oldest);
    return this.#wait(number, answer);
  }

  /** Waits again. Errors: also Refused 404. */
  async again(number: number): Promise<AnswerOrLate> {
    const answer = this.#waiting.get(number);
    if (!answer) throw refused(404, 'late', 'the result is no longer available', 'see the events of the VM');
    return this.#wait(number, answer);
  }

  async #wait(number: number, answer: Promise<string>): Promise<AnswerOrLate> {
    const giveUp = new AbortController();
    const { signal } = giveUp;
    const late = delay(this.#waitMs, undefined, { signal }).catch(() => undefined); // It is there.
    try {
      const text = await Promise.race([answer, late]);
      if (text === undefined) return { late: number };
      this.#waiting.delete(number);
      return { text };
    } catch (error) {
      this.#waiting.delete(number);
      throw error;
    } finally {
      giveUp.abort();
    }
  }
}
