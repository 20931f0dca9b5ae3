/** Pure. */
import { webLimits } from '../../system/limits/limits.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';
import type { SharePeer } from '../../system/sharing/shares.ts';

/** What one console page has typed. It outlives the page's websocket, so that nothing is lost or typed twice. */
export interface Typist {
  /** Bytes that the guest has taken, or that were dropped since another types, in all. */
  typed: number;
  /** Its connection has control, or had it until its page reconnected. */
  hasControl: boolean;
  /** Ends the present connection; resolves when it passes on no more keys. */
  leave: (() => Promise<void>) | undefined;
}

/** The typed input of all pages of all sessions, by a name that each page chooses at random. */
export class Typists {
  readonly #byKey = new Map<string, Typist>();
  /** Of the session that has most, one that is not connected is forgotten first. */
  readonly #shares = new FairTable<string>(
    { total: webLimits.typists, perPeer: webLimits.typists, reserve: 0 },
    { atShare: 'replace', atFull: 'replace', yields: (key) => this.#byKey.get(key)?.leave === undefined },
  );

  /** The typed input of a page, after the previous connection of the page has ended. */
  async take(key: string, session: SharePeer): Promise<Typist> {
    const known = this.#byKey.get(key);
    await known?.leave?.();
    const typist = known ?? { typed: 0, hasControl: false, leave: undefined };
    if (known) this.#shares.touch(key);
    else {
      const added = this.#shares.add(session, key);
      if ('victim' in added && added.victim !== undefined) this.#byKey.delete(added.victim);
      this.#byKey.set(key, typist);
    }
    return typist;
  }
}
