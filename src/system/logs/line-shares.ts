import { noteRefusal } from '../errors/refusals.ts';
import { Bucket, type Rate } from '../sharing/bucket.ts';

export interface LineShareParts {
  /** Name in counters: `monitor.logLines`. */
  readonly table: string;
  readonly perPeer: Rate;
  readonly all: Rate;
  /** Most peers that are counted. */
  readonly peers: number;
}

/** Limits the lines of a log about each peer, so that no peer fills it. Times are in milliseconds. */
export class LineShares {
  readonly #parts: LineShareParts;
  readonly #all: Bucket;
  /** Ordered by the last line. */
  readonly #peers = new Map<string, Bucket>();
  #unsaid = 0;

  constructor(parts: LineShareParts) {
    this.#parts = parts;
    this.#all = new Bucket(parts.all);
  }

  /** Whether a line about a peer is written. */
  take(peer: string, now = performance.now()): boolean {
    const own = this.#peers.get(peer) ?? new Bucket(this.#parts.perPeer);
    this.#peers.delete(peer);
    this.#peers.set(peer, own);
    const [oldest] = this.#peers.keys();
    if (this.#peers.size > this.#parts.peers && oldest !== undefined) this.#peers.delete(oldest);
    if (own.has(now) && this.#all.has(now)) {
      own.take();
      this.#all.take();
      return true;
    }
    this.#unsaid += 1;
    noteRefusal({ table: this.#parts.table, peer });
    return false;
  }

  /** Number of omitted lines since the last call. */
  takeUnsaid(): number {
    const count = this.#unsaid;
    this.#unsaid = 0;
    return count;
  }
}
