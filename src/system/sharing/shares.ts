import { noteRefusal } from '../errors/refusals.ts';

/** Who takes of a table that several fill. */
export interface SharePeer {
  /** `uid:1000`, `address:192.0.2.1`, `address:2001:db8:1:2::/64`, `session:NAME`: the same key is the same peer. */
  readonly key: string;
  /** Root, and the user of the daemon: it has no share, and the reserve is for it. */
  readonly isOwner: boolean;
}

/** How a table is shared. */
export interface ShareBounds {
  /** In messages and counters: `rpc.connections`; without a name nothing is counted. */
  readonly table?: string;
  readonly total: number;
  /** Of one peer, unless it is an owner. */
  readonly perPeer: number;
  /** Of `total`, what only owners may take. */
  readonly reserve: number;
}

/** Why a peer is refused: it has its share, or the table is full. */
export interface RefusedShare {
  readonly refused: 'share' | 'full';
  /** What the peer has, and may have. */
  readonly has: number;
  readonly may: number;
}

/**
 * Counts what each peer has of a table. No peer has more than its share, and what is reserved is left to the owners: who is
 * over it is the one refused. Every step takes the same time, however many peers there are.
 */
export class Shares {
  readonly bounds: ShareBounds;
  readonly #counts = new Map<string, number>();
  /** All peers except owners, by the number that they hold. */
  readonly #levels = new Map<number, Set<string>>();
  #most = 0;
  #size = 0;
  #ofOwners = 0;

  constructor(bounds: ShareBounds) {
    this.bounds = bounds;
  }

  /** What all peers have. */
  get size(): number {
    return this.#size;
  }

  /** What one peer has. */
  of({ key }: Pick<SharePeer, 'key'>): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Why the peer may not have one more; undefined if it may. */
  check(peer: SharePeer): RefusedShare | undefined {
    const { total, perPeer, reserve } = this.bounds;
    const has = this.of(peer);
    const may = peer.isOwner ? total : perPeer;
    const others = this.#size - this.#ofOwners;
    if (has >= may) return { refused: 'share', has, may };
    if (this.#size >= total || (!peer.isOwner && others >= total - reserve))
      return { refused: 'full', has, may };
    return undefined;
  }

  /** Takes one. Returns a function that gives it back once, or the reason of the refusal. */
  take(peer: SharePeer): (() => void) | RefusedShare {
    const refusal = this.check(peer);
    if (refusal) {
      noteRefusal({ table: this.bounds.table ?? '', peer: peer.key });
      return refusal;
    }
    this.#change(peer, 1);
    let isTaken = true;
    return () => {
      if (isTaken) this.#change(peer, -1);
      isTaken = false;
    };
  }

  /** The peer that has most, and what it has; owners do not count. */
  get most(): { readonly key: string; readonly has: number } | undefined {
    const [key] = this.#levels.get(this.#most) ?? [];
    return key === undefined ? undefined : { key, has: this.#most };
  }

  /** The peer that has most and at least two more than this one, so that taking one from it is fair. An owner may take from any. */
  greedierThan(peer: SharePeer): string | undefined {
    const isFair = this.#most > (peer.isOwner ? 0 : this.of(peer) + 1);
    return isFair ? this.most?.key : undefined;
  }

  #change({ key, isOwner }: SharePeer, by: 1 | -1): void {
    const before = this.#counts.get(key) ?? 0;
    const after = before + by;
    if (after === 0) this.#counts.delete(key);
    else this.#counts.set(key, after);
    this.#size += by;
    if (isOwner) this.#ofOwners += by;
    else this.#move(key, before, after);
  }

  #move(key: string, from: number, to: number): void {
    const left = this.#levels.get(from);
    left?.delete(key);
    if (left?.size === 0) this.#levels.delete(from);
    if (to > 0) {
      const level = this.#levels.get(to);
      if (level) level.add(key);
      else this.#levels.set(to, new Set([key]));
    }
    // It changes by one: who had most is one below at the most.
    if (to > this.#most || (from === this.#most && !this.#levels.has(from))) this.#most = to;
  }
}

/** For a cause: `you have 32 of 32 connections open`. */
export function refusalText({ refused, has, may }: RefusedShare, things: string): string {
  if (refused === 'share') return `you have ${has} of ${may} ${things}`;
  return `all ${things} are taken, by others; you have ${has}`;
}
