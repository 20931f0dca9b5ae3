import { consoleLimits } from '../system/limits/limits.ts';

/**
 * Wakes a kernel that sleeps although it could write or read a console.
 *
 * A kernel that has filled a pty gets one SIGIO when it may write again, at a moment when the pty is still full (n_tty
 * clears TTY_DO_WRITE_WAKEUP with the first read). It then waits for any other event, however fast we read. So it is
 * woken after every large read, and again when a lot of output is followed by silence.
 *
 * A kernel that goes to sleep just as input arrives may sleep on until its next timer. So it is woken when input is
 * followed by silence, too.
 */
export class StallWatch {
  readonly #wake: () => void;
  #bytesOut = 0;
  /** Output since the kernel was known to be able to write. */
  #unproved = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Times that the kernel was woken in this silence; undefined when nothing is awaited. */
  #wakes: number | undefined;

  /** @param wake makes the kernel check its descriptors, without any other effect */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** So much was read at once; to be called before the bytes are put away: the guest writes on meanwhile. */
  hasRead(bytes: number): void {
    if (bytes >= consoleLimits.wakeBytes) this.#wake();
    this.#bytesOut += bytes;
    this.#unproved += bytes;
    if (this.#unproved >= consoleLimits.stallBytes && this.#wakes !== 0) this.#awaitSilence(0);
  }

  hasTyped(): void {
    if (this.#wakes === undefined) this.#awaitSilence(1);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #awaitSilence(wakes: number): void {
    clearTimeout(this.#timer);
    this.#wakes = wakes < consoleLimits.stallTimes.length ? wakes : undefined;
    if (this.#wakes === undefined) return;
    const before = this.#bytesOut;
    this.#timer = setTimeout(() => {
      if (this.#bytesOut === before) {
        this.#wake();
        this.#unproved = 0;
        this.#awaitSilence(wakes + 1);
      } else if (this.#unproved >= consoleLimits.stallBytes) this.#awaitSilence(0);
      else this.#wakes = undefined;
    }, consoleLimits.stallTimes[wakes]);
  }
}
