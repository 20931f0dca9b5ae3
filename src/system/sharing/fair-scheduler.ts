import { FairQueue } from './fair-queue.ts';
import { FairTable } from './fair-table.ts';
import type { RefusedShare, ShareBounds, SharePeer } from './shares.ts';

/** Work is not done: its peer has its share of what waits, or others have less. */
export class OverShare extends Error {
  override readonly name = 'OverShare';
  readonly refusal: RefusedShare;

  constructor(refusal: RefusedShare) {
    super('over its share');
    this.refusal = refusal;
  }
}

interface Waiting {
  /** Undefined once it runs. */
  go?: ((refusal?: RefusedShare) => void) | undefined;
}

/**
 * Runs a bounded amount of work at once. Further work waits, within the share of its peer, and the peers are served in
 * rotation. If the queue is full, the peer with the most places gives one up for a peer with fewer.
 */
export class FairTurns {
  #free: number;
  readonly #bounds: ShareBounds;
  readonly #table: FairTable<Waiting>;
  readonly #queue = new FairQueue<Waiting>();

  /** @param bounds of what goes on and waits */
  constructor(atOnce: number, bounds: ShareBounds) {
    this.#free = atOnce;
    this.#bounds = bounds;
    this.#table = new FairTable(bounds, {
      atShare: 'refuse',
      atFull: 'refuse',
      yields: ({ go }) => go !== undefined,
    });
  }

  /** Errors: OverShare, and those of the work. */
  async take<T>(peer: SharePeer, work: () => Promise<T>): Promise<T> {
    const place: Waiting = {};
    const added = this.#table.add(peer, place);
    if ('refused' in added) throw new OverShare(added);
    const { perPeer } = this.#bounds;
    added.victim?.go?.({ refused: 'full', has: perPeer, may: perPeer });
    try {
      await this.#turn(peer, place);
      return await work().finally(() => this.#next());
    } finally {
      this.#table.delete(place);
    }
  }

  async #turn(peer: SharePeer, place: Waiting): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const refusal = await new Promise<RefusedShare | undefined>((resolve) => {
      place.go = resolve;
      this.#queue.push(peer, place);
    });
    place.go = undefined;
    if (refusal) throw new OverShare(refusal);
  }

  #next(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const { go } = next;
      // One that has given way has gone already.
      if (!go || !this.#table.has(next)) continue;
      next.go = undefined;
      go();
      return;
    }
    this.#free += 1;
  }
}
