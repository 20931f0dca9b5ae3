import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Channel } from '../../console/channel.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { findText } from '../guest/find-text.ts';
import type { RunningKernel } from '../running-kernel.ts';

/** The output of a kernel when `sysrq s` is done; it answers the command much earlier (fs/sync.c). */
const syncDone = 'Emergency Sync complete';

/** Has a guest write back what it holds back, and waits until it has. False if it did not, or not in time. */
export async function syncGuest(
  kernel: Pick<RunningKernel, 'request'>,
  con0: Channel,
  signal: AbortSignal,
): Promise<boolean> {
  const done = awaitText(con0, syncDone, monitorLimits.guestSyncWait, signal);
  try {
    await kernel.request('sysrq s');
  } catch {
    // A guest that does not answer can be copied all the same: as after a crash.
    done.giveUp();
  }
  return done.found;
}

/**
 * Requests a guest to freeze and thaw its file systems, on a line that a program of the guest reads (umlmon(7),
 * BACKUPS): `freeze ID` and `thaw ID` are answered by `frozen ID` and `thawed ID`.
 */
export class GuestFreezer {
  readonly #channel: Channel;
  /** An answer that comes too late is not taken for that to another request. */
  readonly #id = randomBytes(4).toString('hex');

  readonly #signal: AbortSignal;
  #typed: Promise<void> = Promise.resolve();

  /** @param signal ends all waits: the guest is gone */
  constructor(channel: Channel, signal: AbortSignal) {
    this.#channel = channel;
    this.#signal = signal;
  }

  /** Whether the guest reports in time that it has frozen them. */
  freeze(): Promise<boolean> {
    // It may still wait for the `thaw` of a monitor that was killed; otherwise it does not mind.
    this.#type(`thaw ${this.#id}\n`, monitorLimits.guestFreezeWait);
    return this.#ask('freeze', 'frozen', monitorLimits.guestFreezeWait);
  }

  /** Whether the guest reports in time that it has thawed them. */
  thaw(): Promise<boolean> {
    return this.#ask('thaw', 'thawed', monitorLimits.guestThawWait);
  }

  #ask(question: string, answer: string, ms: number): Promise<boolean> {
    const { found } = awaitText(this.#channel, `${answer} ${this.#id}`, ms, this.#signal);
    this.#type(`${question} ${this.#id}\n`, ms);
    return found;
  }

  /** Types after earlier input, as far as the guest reads it in time: the answer shows that. */
  #type(text: string, ms: number): void {
    const deadline = performance.now() + ms;
    this.#typed = this.#typed.then(async () => {
      for (let rest = Buffer.from(text); rest.length > 0 && !this.#signal.aborted; ) {
        const waitMs = deadline - performance.now();
        if (waitMs <= 0) return;
        const taken = await this.#channel.type(rest, { waitMs, signal: this.#signal });
        // The wait of other input on the same line has ended this one.
        if (taken === 0) await delay(1);
        rest = rest.subarray(taken);
      }
    });
  }
}

/** Waits for new output with a text: up to `ms` milliseconds, or until the signal. */
function awaitText(
  channel: Channel,
  text: string,
  ms: number,
  signal: AbortSignal,
): { found: Promise<boolean>; giveUp: () => void } {
  let settle: (found: boolean) => void = () => undefined;
  const found = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const finish = (result: boolean) => {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    forget();
    settle(result);
  };
  const giveUp = () => finish(false);
  const timer = setTimeout(giveUp, ms);
  signal.addEventListener('abort', giveUp);
  const forget = findText(channel, channel.ring.next, text, () => finish(true));
  if (signal.aborted) giveUp();
  return { found, giveUp };
}
