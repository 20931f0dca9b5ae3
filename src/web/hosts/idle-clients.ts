import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { webLimits, webShares } from '../../system/limits/limits.ts';
import { FairTable } from '../../system/sharing/fair-table.ts';

interface Idle {
  readonly client: MonitorClient;
  readonly timer: NodeJS.Timeout;
}

/** Idle connections to monitors of other hosts, one for each VM and user: a login there costs work, and an event. */
export class IdleClients {
  readonly #idle = new Map<string, Idle>();
  readonly #shares = new FairTable<string>(webShares.idleClients, { atShare: 'replace', atFull: 'replace' });

  /** Takes it out, if there is one and it has not ended. */
  take(key: string): MonitorClient | undefined {
    const idle = this.#idle.get(key);
    if (!idle) return undefined;
    clearTimeout(idle.timer);
    this.#idle.delete(key);
    this.#shares.delete(key);
    return idle.client.isOpen ? idle.client : undefined;
  }

  /** Keeps it for a while, in the place of the one before. */
  put(key: string, person: string, client: MonitorClient): void {
    this.take(key)?.close();
    const timer = setTimeout(() => this.take(key)?.close(), webLimits.idleClientTime);
    this.#idle.set(key, { client, timer });
    const added = this.#shares.add({ key: person, isOwner: false }, key);
    if ('victim' in added && added.victim !== undefined) this.take(added.victim)?.close();
  }

  close(): void {
    for (const key of [...this.#idle.keys()]) this.take(key)?.close();
  }
}
