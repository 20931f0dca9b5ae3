/** Bytes typed ahead of a guest that does not read; more than a person types, and a whole paste. */
const highWater = 256 * 1024;
/**
 * A kernel whose terminal buffer (n_tty, 4 KiB) gets full while the guest is slow to read stops reading this console
 * until the guest opens it again: line_throttle of arch/um/drivers/line.c takes the descriptor out of its epoll set, and
 * line_unthrottle does not put it back. So input comes in pieces, no faster than a guest's shell reads.
 */
const offerBytes = 1024;
const bytesPerMs = 8;
/** Milliseconds until a guest that did not read is offered the bytes again: at first, and at most. */
const retryMs = { first: 20, most: 320 };

export interface PumpParts {
  /** Offers bytes to the console; resolves to the number that it took. */
  readonly offer: (bytes: Buffer) => Promise<number>;
  /** The input is in hand (false) or must wait (true): for a pipe. */
  readonly hold?: (wait: boolean) => void;
  /** Input was dropped because too much is waiting: for a terminal, whose escape key must be seen at any time. */
  readonly onDrop?: () => void;
  readonly onError: (error: unknown) => void;
}

/** Carries input to a console in order, one call at a time. What is waiting is bounded. */
export class InputPump {
  readonly #parts: PumpParts;
  #waiting: Buffer[] = [];
  #size = 0;
  #held = false;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: PumpParts) {
    this.#parts = parts;
  }

  /** Bytes that the console has not taken yet. */
  get waiting(): number {
    return this.#size;
  }

  push(bytes: Buffer): void {
    if (this.#stopped || bytes.length === 0) return;
    if (this.#parts.onDrop && this.#size + bytes.length > highWater) {
      this.#parts.onDrop();
      return;
    }
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    this.#hold();
    this.#running ??= this.#run();
  }

  /** Forgets what is waiting; what is under way may still arrive. */
  clear(): void {
    this.#waiting = [];
    this.#size = 0;
    this.#hold();
  }

  /** Resolves when everything was taken, or after `ms` milliseconds. */
  async settle(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.#running, timeout]);
    clearTimeout(timer);
  }

  stop(): void {
    this.#stopped = true;
    this.clear();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    let retry = retryMs.first;
    try {
      for (let head = this.#waiting[0]; head && !this.#stopped; head = this.#waiting[0]) {
        const taken = await this.#parts.offer(head.subarray(0, offerBytes));
        if (this.#waiting[0] === head) this.#took(head, taken);
        if (taken > 0) retry = retryMs.first;
        const pause = taken > 0 ? Math.floor(taken / bytesPerMs) : retry;
        if (taken === 0) retry = Math.min(retry * 2, retryMs.most);
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      }
    } catch (error) {
      if (!this.#stopped) this.#parts.onError(error);
    } finally {
      this.#running = undefined;
    }
  }

  #took(head: Buffer, taken: number): void {
    this.#size -= taken;
    if (taken === head.length) this.#waiting.shift();
    else this.#waiting[0] = head.subarray(taken);
    this.#hold();
  }

  #hold(): void {
    const held = this.#size > highWater && !this.#stopped;
    if (held === this.#held) return;
    this.#held = held;
    this.#parts.hold?.(held);
  }
}
