import { securityLimits } from '../limits/limits.ts';

/** So many lines may come now, as of a time. */
interface Bucket {
  tokens: number;
  at: number;
}

/**
 * How many lines a log takes: some of each kind at once, and then one after each interval; of one peer, a part of these. A
 * flood of one kind, or by one peer, can not rotate the lines of others out of a log. Holds values only; the time is the
 * caller's.
 */
export class LineBudget {
  readonly #kinds = new Map<string, Bucket>();
  /** The one that was told of last is the last one. */
  readonly #peers = new Map<string, Bucket>();

  /** Whether there may be one more line. */
  take(kind: string, peer: string, now: number): boolean {
    const { linesAtOnce, linesOfPeerAtOnce, lineTime, peers } = securityLimits;
    const key = `${kind}\0${peer}`;
    const ofPeer = filled(this.#peers.get(key), linesOfPeerAtOnce, 2 * lineTime, now);
    this.#peers.delete(key);
    this.#peers.set(key, ofPeer);
    const [oldest] = this.#peers.keys();
    if (this.#peers.size > peers && oldest !== undefined) this.#peers.delete(oldest);
    const ofKind = filled(this.#kinds.get(kind), linesAtOnce, lineTime, now);
    this.#kinds.set(kind, ofKind);
    if (ofPeer.tokens < 1 || ofKind.tokens < 1) return false;
    ofPeer.tokens -= 1;
    ofKind.tokens -= 1;
    return true;
  }
}

function filled(bucket: Bucket | undefined, most: number, interval: number, now: number): Bucket {
  if (!bucket) return { tokens: most, at: now };
  const came = Math.max(0, now - bucket.at) / interval;
  return { tokens: Math.min(most, bucket.tokens + came), at: now };
}
