import { remoteLimits } from '../../system/limits/limits.ts';
import { type Derivation, saltPassword } from './scram.ts';

/** What is kept: a host has one way to derive keys, and a client asks few hosts. */
const keysMax = remoteLimits.keysDerived;

/**
 * The keys that were derived from passwords: slow to make, and the same for all VMs of a host. Who asks for one that is being
 * made waits for it.
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
