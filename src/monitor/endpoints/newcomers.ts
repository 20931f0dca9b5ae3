import { remoteLimits } from '../../system/limits/limits.ts';
import { Bucket } from '../../system/sharing/bucket.ts';

const { newcomers, newcomerTime, throttleNames } = remoteLimits;
/** Who has failed twice waits as all do who guess. */
const failuresOfNew = 1;

/**
 * Addresses that are heard although many others give wrong passwords: those that are new. There are not many of them at once,
 * since a client with very many addresses must not guess with each of them anew.
 */
export class Newcomers {
  readonly #bucket = new Bucket({ atOnce: newcomers, perMinute: 60_000 / newcomerTime });
  /** Networks that were heard, the last one last. */
  readonly #heard = new Set<string>();

  /** @param now in milliseconds */
  mayTry(network: string, failures: number, now: number): boolean {
    if (failures > failuresOfNew) return false;
    if (this.#heard.has(network)) return true;
    if (!this.#bucket.has(now)) return false;
    this.#bucket.take();
    this.#heard.add(network);
    const [oldest] = this.#heard;
    if (this.#heard.size > throttleNames && oldest !== undefined) this.#heard.delete(oldest);
    return true;
  }
}
