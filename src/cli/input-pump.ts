/** Offers bytes to a console; resolves to the number that it took. */
type Offer = (bytes: Buffer) => Promise<number>;

/** Bytes typed ahead of a guest that does not read; more than a person types, and a whole paste. */
const highWater = 256 * 1024;
/** The guest does not read: offer again after this time. */
const retryMs = 20;

/**
 * Carries input to a console in order, one call at a time. What is waiting is bounded: a pipe is paused, a
 * terminal's further keys are dropped (with `onDrop`), because its escape key must be seen at any time.
 */
export class InputPump {
  readonly #offer: Offer;
  readonly #source: NodeJS.ReadStream;
  readonly #onDrop: (() => void) | undefined;
  #waiting: Buffer[] = [];
  #size = 0;
  #running: Promise<void> | undefined;
  #stopped = false;

  /** `onDrop` present: drop instead of pausing the source. */
  constructor(source: NodeJS.ReadStream, offer: Offer, onDrop?: () => void) {
    this.#source = source;
    this.#offer = offer;
    this.#onDrop = onDrop;
  }

  push(bytes: Buffer): void {
    if (this.#onDrop && this.#size + bytes.length > highWater) {
      this.#onDrop();
      return;
    }
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    if (!this.#onDrop && this.#size > highWater) this.#source.pause();
    this.#running ??= this.#run();
  }

  /** Resolves when all input so far was taken; rejects with the error that ended the pump. */
  async drained(): Promise<void> {
    await this.#running;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    for (let head = this.#waiting[0]; head && !this.#stopped; head = this.#waiting[0]) {
      const taken = await this.#offer(head);
      this.#size -= taken;
      if (taken === head.length) this.#waiting.shift();
      else this.#waiting[0] = head.subarray(taken);
      if (taken === 0) await new Promise((resolve) => setTimeout(resolve, retryMs));
      if (!this.#onDrop && this.#size <= highWater) this.#source.resume();
    }
    this.#running = undefined;
  }
}
