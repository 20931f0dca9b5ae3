/** As many as umlweb keeps for a guest that does not read. */
const sentMost = 65_536;
/** Several large pastes. */
const waitingMost = 8 * 1024 * 1024;

/** Keys that were typed, until the guest has taken them: those the network swallows are sent again. */
export class TypedKeys {
  /** How many the guest has taken, in all. */
  #taken = 0;
  #waiting = new Uint8Array(0);
  /** How many of those that wait are with umlweb, or on their way to it. */
  #sent = 0;

  /** Adds keys at the end; false if there are too many already, and they are dropped. */
  push(keys: Uint8Array): boolean {
    if (this.#waiting.length + keys.length > waitingMost) return false;
    const all = new Uint8Array(this.#waiting.length + keys.length);
    all.set(this.#waiting);
    all.set(keys, this.#waiting.length);
    this.#waiting = all;
    return true;
  }

  /** Keys to be sent now: as many of the others as umlweb keeps, or all for a key that is not to wait. */
  next(isUrgent = false): Uint8Array {
    const keys = this.#waiting.subarray(this.#sent, isUrgent ? undefined : Math.max(this.#sent, sentMost));
    this.#sent += keys.length;
    return keys;
  }

  /** Drops the keys that were not sent; returns how many. */
  dropUnsent(): number {
    const dropped = this.#waiting.length - this.#sent;
    this.#waiting = this.#waiting.slice(0, this.#sent);
    return dropped;
  }

  /** The guest has taken so many in all. */
  taken(count: number): void {
    if (count < this.#taken) return;
    this.#waiting = this.#waiting.slice(count - this.#taken);
    this.#sent = Math.max(0, this.#sent - (count - this.#taken));
    this.#taken = count;
  }

  /** The connection is a new one: keys that were in transit are sent again. */
  sendAgain(): void {
    this.#sent = 0;
  }

  /** Restarts with a count; waiting keys are dropped. */
  restart(count: number): void {
    this.#taken = count;
    this.#waiting = new Uint8Array(0);
    this.#sent = 0;
  }

  /** How many the guest has not taken. */
  get count(): number {
    return this.#waiting.length;
  }
}

/** A key that empties the input of a terminal: CTRL-C, CTRL-\, CTRL-Z. In a paste they are data. */
export function isInterrupt(keys: Uint8Array): boolean {
  return keys.length === 1 && [3, 28, 26].includes(keys[0] ?? 0);
}
