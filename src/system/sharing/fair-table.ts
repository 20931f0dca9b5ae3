import { noteRefusal } from '../errors/refusals.ts';
import { type RefusedShare, type ShareBounds, type SharePeer, Shares } from './shares.ts';

export interface FairTableOptions<T> {
  /** When a peer has its share: refuse what is new, or let it take the place of its oldest, or of its oldest that yields. */
  readonly atShare: 'refuse' | 'replace' | 'yielding';
  /** The same of all, when the table is full and nobody has more than the newcomer. */
  readonly atFull: 'refuse' | 'replace' | 'yielding';
  /** Of what a peer has, these give way first. */
  readonly yields?: (thing: T) => boolean;
}

interface Held {
  readonly peer: SharePeer;
  readonly release: () => void;
}

/**
 * Things of several peers, a bounded number of them (see Shares). When it is full, whoever has most gives one up for whoever
 * has less: nobody is kept out by one that has much.
 */
export class FairTable<T> {
  readonly #options: Required<FairTableOptions<T>>;
  readonly #shares: Shares;
  /** In the order in which they came. */
  readonly #held = new Map<T, Held>();
  readonly #byPeer = new Map<string, Set<T>>();

  constructor(bounds: ShareBounds, options: FairTableOptions<T>) {
    this.#shares = new Shares(bounds);
    this.#options = { yields: () => false, ...options };
  }

  get size(): number {
    return this.#held.size;
  }

  /** In the order in which they came. */
  [Symbol.iterator](): Iterator<T> {
    return this.#held.keys();
  }

  has(thing: T): boolean {
    return this.#held.has(thing);
  }

  /** Whether the peer has its share, and nothing of its own gives way: a further thing is refused. */
  isOver(peer: SharePeer): boolean {
    return this.#options.atShare === 'refuse' && this.#shares.check(peer)?.refused === 'share';
  }

  /** It was used just now, and is the last to give way. */
  touch(thing: T): void {
    const held = this.#held.get(thing);
    if (!held) return;
    for (const things of [this.#held, this.#byPeer.get(held.peer.key)]) things?.delete(thing);
    this.#held.set(thing, held);
    this.#byPeer.get(held.peer.key)?.add(thing);
  }

  /** Takes a thing in; the one that has given way for it is no longer in the table, and is the caller's to end. */
  add(peer: SharePeer, thing: T): { readonly victim?: T } | RefusedShare {
    const victim = this.#victimFor(peer);
    const loser = victim === undefined ? undefined : this.#held.get(victim)?.peer;
    if (victim !== undefined) this.delete(victim);
    if (loser) noteRefusal({ table: this.#shares.bounds.table ?? '', peer: loser.key });
    const release = this.#shares.take(peer);
    if (typeof release !== 'function') return release;
    this.#held.set(thing, { peer, release });
    const own = this.#byPeer.get(peer.key);
    if (own) own.add(thing);
    else this.#byPeer.set(peer.key, new Set([thing]));
    return victim === undefined ? {} : { victim };
  }

  delete(thing: T): boolean {
    const held = this.#held.get(thing);
    if (!held) return false;
    this.#held.delete(thing);
    const own = this.#byPeer.get(held.peer.key);
    own?.delete(thing);
    if (own?.size === 0) this.#byPeer.delete(held.peer.key);
    held.release();
    return true;
  }

  /** Who must give way for something of this peer; undefined if nobody must, or nobody does. */
  #victimFor(peer: SharePeer): T | undefined {
    const refusal = this.#shares.check(peer);
    if (!refusal) return undefined;
    const { atShare, atFull } = this.#options;
    const ownThings = this.#byPeer.get(peer.key) ?? [];
    if (refusal.refused === 'share')
      return atShare === 'refuse' ? undefined : this.#first(ownThings, atShare);
    const greedy = this.#shares.greedierThan(peer);
    if (greedy !== undefined) return this.#first(this.#byPeer.get(greedy) ?? [], 'replace');
    if (atFull === 'yielding') return this.#first(this.#ofOthers(), atFull);
    if (atFull === 'refuse') return undefined;
    const most = this.#shares.most;
    // Who has as many as any other makes room for itself.
    const isMost = most !== undefined && this.#shares.of(peer) >= most.has;
    return this.#first(isMost ? ownThings : (this.#byPeer.get(most?.key ?? '') ?? []), atFull);
  }

  /** The oldest that yields; or if there is none and it is to be replaced, the oldest. */
  #first(things: Iterable<T>, how: 'replace' | 'yielding'): T | undefined {
    let oldest: T | undefined;
    for (const thing of things) {
      oldest ??= thing;
      if (this.#options.yields(thing)) return thing;
    }
    return how === 'replace' ? oldest : undefined;
  }

  /** All but those of owners. */
  *#ofOthers(): Iterable<T> {
    for (const [thing, { peer }] of this.#held) if (!peer.isOwner) yield thing;
  }
}
