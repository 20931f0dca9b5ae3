import { noteRefusal } from '../errors/refusals.ts';
import { type RefusedShare, type ShareBounds, type SharePeer, Shares } from './shares.ts';

export interface FairTableOptions<T> {
  /** When a peer has its share: refuse what is new, or let it take the place of its oldest, or of its oldest that yields. */
  readonly atShare: 'refuse' | 'replace' | 'yielding';
  /** The same of all, when the table is full and no peer has more than the new one. */
  readonly atFull: 'refuse' | 'replace' | 'yielding';
  /** Of a peer's things, these are removed first. */
  readonly yields?: (thing: T) => boolean;
}

interface Held {
  readonly peer: SharePeer;
  readonly release: () => void;
}

/**
 * Things of several peers, a bounded number of them (see Shares). When it is full, the peer with the most things gives
 * one up for a peer with fewer: no peer can keep the others out.
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

  /** Whether the peer has its share, and none of its own things is replaced: a further thing is refused. */
  isOver(peer: SharePeer): boolean {
    return this.#options.atShare === 'refuse' && this.#shares.check(peer)?.refused === 'share';
  }

  /** It was used just now, and is replaced last. */
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

  /** The thing that a new one of this peer replaces; undefined if none must be replaced, or none can be. */
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

  /** The oldest that yields. If no thing yields and `how` is `replace`: the oldest. */
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
