import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell } from '../guest/guest.ts';
import { World } from '../programs/world.ts';
import { NetNamespace } from './net-namespace.ts';

/** A host of its own for VMs: a network namespace, and a world of monitors in it. */
export class NetworkWorld {
  readonly host: NetNamespace;
  readonly world: World;
  readonly #namespaces: NetNamespace[] = [];
  readonly #clients = new Map<string, MonitorClient>();

  constructor() {
    this.host = this.namespace();
    this.world = new World(this.host.name);
  }

  namespace(): NetNamespace {
    const fresh = new NetNamespace();
    this.#namespaces.push(fresh);
    return fresh;
  }

  /** Starts monitors of VMs with these lines of configuration, beside their disk and memory. */
  async monitors(vms: Readonly<Record<string, string>>, global = ''): Promise<void> {
    const sections = Object.entries(vms).map(
      ([name, text]) => [name, `ubd0 = /disks/root.dsk\nmem = 64M\n${text}`] as const,
    );
    this.world.configure(Object.fromEntries(sections), global);
    for (const name of Object.keys(vms)) {
      this.world.addImage(name);
      await this.world.startMonitor(name);
      this.#clients.set(name, await this.world.client(name));
    }
  }

  client(vm: string): MonitorClient {
    const client = this.#clients.get(vm);
    if (!client) throw new Error(`no monitor of ${vm}`);
    return client;
  }

  /** Starts a VM; resolves to a shell in it, in which the lines have been run. */
  async start(vm: string, ...lines: string[]): Promise<GuestShell> {
    await this.client(vm).call('start', undefined);
    const shell = await GuestShell.open(this.client(vm));
    for (const line of lines) {
      const { output, status } = await shell.run(line);
      if (status !== 0) throw new Error(`${line}: ${output}`);
    }
    return shell;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.close();
    try {
      await this.world.close();
    } finally {
      for (const one of this.#namespaces) one.close();
    }
  }
}
