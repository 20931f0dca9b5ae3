/** As many as umlweb keeps for a guest that does not read. */
const waitingMost = 65_536;

/** Keys that were typed, until the guest has taken them: those the network swallows are sent again. */
export class TypedKeys {
  /** How many the guest has taken, in all. */
  #taken = 0;
  #waiting = new Uint8Array(0);

  /** Adds keys at the end; false if there are too many already, and they are dropped. */
  push(keys: Uint8Array): boolean {
    if (this.#waiting.length + keys.length > waitingMost) return false;
    const all = new Uint8Array(this.#waiting.length + keys.length);
    all.set(this.#waiting);
    all.set(keys, this.#waiting.length);
    this.#waiting = all;
    return true;
  }

  /** The guest has taken so many in all. */
  taken(count: number): void {
    if (count < this.#taken) return;
    this.#waiting = this.#waiting.slice(count - this.#taken);
    this.#taken = count;
  }

  /** Begins anew with a count; what waits is dropped. */
  restart(count: number): void {
    this.#taken = count;
    this.#waiting = new Uint8Array(0);
  }

  waiting(): Uint8Array {
    return this.#waiting;
  }
}
