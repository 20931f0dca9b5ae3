/**
 * The undo stack of a start: what a step acquires is released in the reverse order, each release tried even if
 * another fails.
 */
export class UndoStack {
  readonly #releases: { what: string; release: () => void | Promise<void> }[] = [];

  push(what: string, release: () => void | Promise<void>): void {
    this.#releases.push({ what, release });
  }

  /** Releases everything; returns the names of what could not be released, with the error of each. */
  async unwind(): Promise<{ what: string; error: unknown }[]> {
    const failures: { what: string; error: unknown }[] = [];
    for (let entry = this.#releases.pop(); entry; entry = this.#releases.pop()) {
      try {
        await entry.release();
      } catch (error) {
        failures.push({ what: entry.what, error });
      }
    }
    return failures;
  }
}
