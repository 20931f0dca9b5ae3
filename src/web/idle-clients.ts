import type { MonitorClient } from '../rpc/monitor-client.ts';
import { webLimits } from '../system/limits.ts';

interface Idle {
  readonly client: MonitorClient;
  readonly timer: NodeJS.Timeout;
}

/** Connections to monitors of other hosts between two requests, one for each VM: a login is work there, and an event. */
export class IdleClients {
  readonly #idle = new Map<string, Idle>();

  /** Takes it out, if there is one and it has not ended. */
  take(vm: string): MonitorClient | undefined {
    const idle = this.#idle.get(vm);
    if (!idle) return undefined;
    clearTimeout(idle.timer);
    this.#idle.delete(vm);
    return idle.client.isOpen ? idle.client : undefined;
  }

  /** Keeps it for a while, in the place of the one before. */
  put(vm: string, client: MonitorClient): void {
    this.take(vm)?.close();
    const timer = setTimeout(() => this.take(vm)?.close(), webLimits.idleClientTime);
    this.#idle.set(vm, { client, timer });
  }

  close(): void {
    for (const vm of [...this.#idle.keys()]) this.take(vm)?.close();
  }
}
