import { UmlmonError } from '../../system/errors/errors.ts';
import { consoleLimits } from '../../system/limits/limits.ts';
import { FairQueue } from '../../system/sharing/fair-queue.ts';
import type { SharePeer } from '../../system/sharing/shares.ts';
import type { Channel } from '../channel.ts';
import type { ScreenAnswer, ScreenWant, Stretch } from './protocol.ts';
import { ScreenThread } from './thread.ts';
import type { WindowChange } from './window-history.ts';

/** What was made of a screen, and the offset of the first byte of output that is not on it. */
export interface ShownScreen {
  readonly answer: ScreenAnswer;
  readonly offset: number;
}

interface Asked {
  readonly want: ScreenWant;
  readonly resolve: (shown: Promise<ShownScreen>) => void;
}

/**
 * The screen of a channel, emulated in a thread of its own: whatever a guest prints there keeps no other screen waiting. The
 * emulator starts with the content of the ring. From then on it receives new output, while it keeps up.
 */
export class Screen {
  readonly #channel: Channel;
  readonly #thread: ScreenThread;
  readonly #onEnd: () => void;
  readonly #forget: () => void;
  /** Running and queued calls, by request: equal requests share one result. */
  readonly #asked = new FairQueue<Asked>();
  readonly #waiting = new Map<string, Promise<ShownScreen>>();
  /** The emulator restarts with the content of the ring. */
  #isNew = true;
  /** Offset of the output that it has not been given. */
  #offset = 0;
  /** Of the last change of the window that it has received. */
  #serial = 0;
  /** A request that is not answered. */
  #isBusy = false;

  /** @param onEnd called when the thread has failed; no request is answered then */
  constructor(channel: Channel, program: string, onEnd: () => void) {
    this.#channel = channel;
    this.#thread = new ScreenThread(program);
    this.#onEnd = onEnd;
    this.#forget = channel.onData(() => this.#chase());
  }

  /** A caller waits for a result. */
  get isBusy(): boolean {
    return this.#isBusy || this.#waiting.size > 0;
  }

  /** Errors: CONSOLE_SCREEN. */
  ask(want: ScreenWant, peer: SharePeer): Promise<ShownScreen> {
    const key = `${want.what} ${want.history} ${want.bytes}`;
    const same = this.#waiting.get(key);
    if (same) return same;
    const shown = new Promise<ShownScreen>((resolve) => this.#asked.push(peer, { want, resolve }));
    this.#waiting.set(key, shown);
    this.#next();
    return shown;
  }

  close(why: string): void {
    this.#forget();
    this.#thread.end(why);
    for (let asked = this.#asked.shift(); asked; asked = this.#asked.shift())
      asked.resolve(Promise.reject(this.#failure(new Error(why))));
    this.#waiting.clear();
  }

  #next(): void {
    if (this.#isBusy) return;
    const asked = this.#asked.shift();
    if (!asked) return;
    const { want, resolve } = asked;
    this.#waiting.delete(`${want.what} ${want.history} ${want.bytes}`);
    resolve(this.#give(want));
  }

  /** New output: the emulator reads it in time, or restarts when it is needed. */
  #chase(): void {
    const { ring, ended } = this.#channel;
    if (ended) this.#fail(new Error('the console was closed'));
    else if (!this.#isNew && ring.next - this.#offset >= consoleLimits.screenChaseBytes) {
      if (this.#isBusy || this.#offset < ring.oldest) this.#isNew = true;
      // It has failed for all callers: the next one gets the error.
      else this.#give().catch(() => undefined);
    }
  }

  async #give(want?: ScreenWant): Promise<ShownScreen> {
    const { ring, window } = this.#channel;
    const isNew = this.#isNew || this.#offset < ring.oldest;
    if (isNew) {
      this.#offset = ring.oldest;
      this.#serial = window.at(ring.oldest).serial - 1;
    }
    const stretches = stretchesOf(this.#channel, this.#offset, this.#serial);
    const end = ring.next;
    this.#isNew = false;
    this.#offset = end;
    this.#serial = stretches.at(-1)?.serial ?? this.#serial;
    this.#isBusy = true;
    try {
      const answer = await this.#thread.ask({ isNew, stretches, ...(want ? { want } : {}) });
      return { answer, offset: end - answer.heldBytes };
    } catch (error) {
      this.#fail(error);
      throw this.#failure(error);
    } finally {
      this.#isBusy = false;
      this.#next();
    }
  }

  #fail(error: unknown): void {
    this.#onEnd();
    this.close(error instanceof Error ? error.message : String(error));
  }

  #failure(error: unknown): UmlmonError {
    return new UmlmonError('CONSOLE_SCREEN', {
      place: this.#channel.name,
      cause: error instanceof Error ? error.message : String(error),
      hint: 'read its output instead: umlwatch VM -connect, or -log',
    });
  }
}

/** The output that an emulator has not seen, copied, cut where something happened to the window. */
function stretchesOf(
  { ring, window }: Channel,
  from: number,
  serial: number,
): (Stretch & { readonly serial: number })[] {
  const { offset, data } = ring.read(from, ring.capacity);
  const bytes = Uint8Array.from(data);
  // The screen of the last kernel stays until the next one writes.
  const isInForce = (change: WindowChange) => !change.isRenewed || change.offset < ring.next;
  const changes = window
    .after(serial)
    .filter(isInForce)
    .map((change) => ({ ...change, at: Math.max(change.offset, offset) }));
  const starts = [{ ...window.at(offset), isRenewed: false, serial, at: offset }, ...changes];
  return starts.map(({ columns, rows, isRenewed, serial: upTo, at }, i) => ({
    serial: upTo,
    size: { columns, rows },
    isRenewed,
    data: bytes.slice(at - offset, (starts[i + 1]?.at ?? ring.next) - offset),
  }));
}
