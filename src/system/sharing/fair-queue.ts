import type { SharePeer } from './shares.ts';

/** What waits, taken in turns: one of each peer after the other, every other one of the owners, of one peer the oldest first. */
export class FairQueue<T> {
  readonly #owners = new Map<string, T[]>();
  readonly #others = new Map<string, T[]>();
  #wasOwner = false;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push({ key, isOwner }: SharePeer, thing: T): void {
    const peers = isOwner ? this.#owners : this.#others;
    const own = peers.get(key);
    if (own) own.push(thing);
    else peers.set(key, [thing]);
    this.#size += 1;
  }

  shift(): T | undefined {
    const isOwner = this.#others.size === 0 || (this.#owners.size > 0 && !this.#wasOwner);
    const peers = isOwner ? this.#owners : this.#others;
    const [first] = peers;
    if (!first) return undefined;
    const [key, own] = first;
    const thing = own.shift();
    // To the end of those that wait, or out of them.
    peers.delete(key);
    if (own.length > 0) peers.set(key, own);
    this.#wasOwner = isOwner;
    this.#size -= 1;
    return thing;
  }
}
