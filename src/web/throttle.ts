import { webLimits } from '../system/limits.ts';

interface Tries {
  wrong: number;
  /** Milliseconds since 1970, of the last wrong one. */
  last: number;
}

/** Counts wrong passwords by address; who has sent too many waits, longer each time. */
export class Throttle {
  readonly #tries = new Map<string, Tries>();

  /** Milliseconds until a try from this address is looked at; 0 = now. */
  waitFor(address: string, now = Date.now()): number {
    const tries = this.#tries.get(networkOf(address));
    if (!tries || tries.wrong <= webLimits.loginTries) return 0;
    const wait = 1000 * 2 ** (tries.wrong - webLimits.loginTries - 1);
    return Math.max(0, tries.last + Math.min(wait, webLimits.loginWait) - now);
  }

  wrong(address: string, now = Date.now()): void {
    const network = networkOf(address);
    const { wrong, last } = this.#tries.get(network) ?? { wrong: 0, last: now };
    // The newest is last in the map, so that the first is the oldest.
    this.#tries.delete(network);
    this.#tries.set(network, { wrong: now - last > webLimits.loginWait ? 1 : wrong + 1, last: now });
    const [oldest] = this.#tries.keys();
    if (this.#tries.size > webLimits.loginKeys && oldest !== undefined) this.#tries.delete(oldest);
  }

  right(address: string): void {
    this.#tries.delete(networkOf(address));
  }
}

/** Whoever has one address of IPv6 has all of its /64. */
function networkOf(address: string): string {
  return /^(?:[0-9a-f]{1,4}:){4}/i.exec(address)?.[0] ?? address;
}
