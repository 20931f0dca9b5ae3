import { securityLimits } from '../limits/limits.ts';

/** Number of allowed lines at a time. */
interface Bucket {
  tokens: number;
  at: number;
}

/**
 * Limits the lines of a log: some of each kind at once, then one per interval; each peer has a part of these. A
 * flood of one kind or by one peer cannot push the lines of others out of a log. It holds values only; the caller passes
 * the time.
 */
export class LineBudget {
  readonly #kinds = new Map<string, Bucket>();
  /** Ordered by the last line. */
  readonly #peers = new Map<string, Bucket>();

  /** Whether one more line is allowed. */
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
