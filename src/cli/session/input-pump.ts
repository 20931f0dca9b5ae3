import { consoleLimits } from '../../system/limits/limits.ts';

/** Bytes that wait for a guest that does not read: of a terminal, several large pastes; of a pipe, which is held then. */
const highWater = { terminal: 8 * 1024 * 1024, pipe: 256 * 1024 };
/** Bytes offered at once: more than a guest has room for. */
const offerBytes = 16 * 1024;
/** Milliseconds until a guest that did not read is offered the bytes again; the monitor has waited for it before. */
const retryMs = 20;
/** Milliseconds without progress after which the session reports it, and the bytes that are too few to be progress. */
const stuck = { ms: 1000, bytes: consoleLimits.probeBytes };

export interface PumpParts {
  /** Offers bytes to the console; resolves to the number that it took. */
  readonly offer: (bytes: Buffer) => Promise<number>;
  /** The input is in hand (false) or must wait (true): for a pipe. */
  readonly hold?: (wait: boolean) => void;
  /** So many bytes were dropped because too much is waiting: for a terminal, whose escape key must be seen at any time. */
  readonly onDrop?: (bytes: number) => void;
  /** The guest has not read for a second, and so many bytes wait. */
  readonly onStuck?: (waiting: number) => void;
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
  /** When the guest has read last, of performance.now(). */
  #readAt = Number.NEGATIVE_INFINITY;
  #isStuck = false;

  constructor(parts: PumpParts) {
    this.#parts = parts;
  }

  /** Bytes that the console has not taken yet. */
  get waiting(): number {
    return this.#size;
  }

  push(bytes: Buffer): void {
    if (this.#stopped || bytes.length === 0) return;
    if (this.#parts.onDrop && this.#size + bytes.length > highWater.terminal) {
      this.#parts.onDrop(bytes.length);
      return;
    }
    if (this.#size === 0) this.#goesOn();
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    this.#hold();
    this.#running ??= this.#run();
  }

  /** Forgets what is waiting, and returns how much it was; what is under way may still arrive. */
  clear(): number {
    const dropped = this.#size;
    this.#waiting = [];
    this.#size = 0;
    this.#hold();
    return dropped;
  }

  /** Offers these bytes at once, in the place of all that is waiting; returns how much that was. */
  interrupt(bytes: Buffer): number {
    const dropped = this.clear();
    if (dropped === 0) this.push(bytes);
    else if (!this.#stopped)
      this.#parts.offer(bytes).then((taken) => this.push(bytes.subarray(taken)), this.#parts.onError);
    return dropped;
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
    try {
      for (let head = this.#head(); head && !this.#stopped; head = this.#head()) {
        const taken = await this.#parts.offer(head.subarray(0, offerBytes));
        if (this.#waiting[0] === head) this.#took(head, taken);
        if (taken > stuck.bytes || this.#size === 0) this.#goesOn();
        else this.#tellStuck();
        if (taken === 0) await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    } catch (error) {
      if (!this.#stopped) this.#parts.onError(error);
    } finally {
      this.#running = undefined;
    }
  }

  /** What is offered next: keys that came one by one go together. */
  #head(): Buffer | undefined {
    const [first, ...others] = this.#waiting.slice(0, 64);
    if (!first || others.length === 0 || first.length >= offerBytes) return first;
    const head = Buffer.concat([first, ...others]);
    this.#waiting.splice(0, 1 + others.length, head);
    return head;
  }

  #goesOn(): void {
    this.#readAt = performance.now();
    this.#isStuck = false;
  }

  #tellStuck(): void {
    if (this.#isStuck || this.#stopped || performance.now() - this.#readAt < stuck.ms) return;
    this.#isStuck = true;
    this.#parts.onStuck?.(this.#size);
  }

  #took(head: Buffer, taken: number): void {
    this.#size -= taken;
    if (taken === head.length) this.#waiting.shift();
    else this.#waiting[0] = head.subarray(taken);
    this.#hold();
  }

  #hold(): void {
    const held = this.#size > highWater.pipe && !this.#stopped;
    if (held === this.#held) return;
    this.#held = held;
    this.#parts.hold?.(held);
  }
}
