import { remoteLimits } from '../../system/limits/limits.ts';
import { type Derivation, saltPassword } from './scram.ts';

/** Most cached keys: each host has one salt, and a client uses few hosts. */
const keysMax = remoteLimits.keysDerived;

/**
 * A cache of keys derived from passwords, which are slow to compute and equal for all VMs of a host. Concurrent requests
 * for a key share one computation.
 */
export class DerivedKeys {
  readonly #keys = new Map<string, Promise<Buffer>>();

  of(password: string, derivation: Derivation): Promise<Buffer> {
    const { salt, iterations } = derivation;
    const name = [iterations, salt.toString('base64'), password].join(' ');
    const known = this.#keys.get(name);
    if (known) return known;
    const [oldest] = this.#keys.keys();
    if (oldest !== undefined && this.#keys.size >= keysMax) this.#keys.delete(oldest);
    const key = saltPassword(password, derivation);
    this.#keys.set(name, key);
    return key;
  }
}
