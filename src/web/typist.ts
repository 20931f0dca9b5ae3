import { webLimits } from '../system/limits.ts';

/** What one console page has typed. It outlives the page's websocket, so that nothing is lost or typed twice. */
export interface Typist {
  /** Bytes that the guest has taken, or that were dropped since another types, in all. */
  typed: number;
  /** Its connection has the pen, or had it until its page came back over another one. */
  hasPen: boolean;
  /** Ends the connection that types now; resolves when it types no more. */
  leave: (() => Promise<void>) | undefined;
}

/** The typists of all sessions, by a name that each page makes up for itself. */
export class Typists {
  readonly #byKey = new Map<string, Typist>();

  /** The typist of a page, after the connection that the page had before has ended. */
  async take(key: string): Promise<Typist> {
    const known = this.#byKey.get(key);
    await known?.leave?.();
    const typist = known ?? { typed: 0, hasPen: false, leave: undefined };
    this.#byKey.delete(key);
    this.#byKey.set(key, typist);
    for (const [other, { leave }] of this.#byKey) {
      if (this.#byKey.size <= webLimits.typists) break;
      if (!leave && other !== key) this.#byKey.delete(other);
    }
    return typist;
  }
}
