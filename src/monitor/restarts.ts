/** A restart that a policy has decided and that waits for its time; somebody may be quicker and cancel it. */
export class Restarts {
  #timer: NodeJS.Timeout | undefined;

  get pending(): boolean {
    return this.#timer !== undefined;
  }

  schedule(delayMs: number, restart: () => void): void {
    this.cancel();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      restart();
    }, delayMs);
  }

  /** Whether there was one to cancel. */
  cancel(): boolean {
    const { pending } = this;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return pending;
  }
}
