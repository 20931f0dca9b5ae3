import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { processIdentity } from '../../../src/system/native/process.ts';
import { World } from '../programs/world.ts';

/** Compiled once per test file. */
function compile(to: string): void {
  const source = join(import.meta.dirname, 'hostile-kernel.c');
  execFileSync('gcc', ['-O1', '-static', '-o', to, source]);
}

/**
 * A world whose VM `vm1` runs hostile-kernel.c in place of a kernel; con1 is there to have more descriptors. `vm2` is the
 * same, should a test want it.
 */
export class HostileVm {
  readonly world: World;
  #client: MonitorClient | undefined;
  #viewer = 0;
  #offset = 0;

  /** @param network in the namespace of this name, vm1 has this interface as eth0 */
  constructor(global = '', network?: { readonly namespace: string; readonly eth0: string }) {
    this.world = new World(network?.namespace);
    const settings =
      'kernel = /shared/kernels/hostile\nubd0 = /disks/root.dsk\ncon1 = pty\nmem = 64M\nmax_processes = 200';
    const eth0 = network ? `\neth0 = ${network.eth0}` : '';
    this.world.configure({ vm1: `${settings}${eth0}`, vm2: settings }, global);
    this.world.addImage('vm1');
    compile(join(this.world.varDir, 'shared/kernels/hostile'));
  }

  get client(): MonitorClient {
    if (!this.#client) throw new Error('not connected');
    return this.#client;
  }

  /** Starts monitor and VM. */
  async start(): Promise<void> {
    await this.startMonitor();
    await this.client.call('start', undefined);
    await this.attach();
  }

  async startMonitor(): Promise<void> {
    this.#client?.close();
    await this.world.startMonitor('vm1');
    this.#client = await this.world.client('vm1');
  }

  /** Listens to con0 from here on. */
  async attach(): Promise<void> {
    const viewer = await this.client.call('consoleAttach', { channel: 'con0', columns: 0, rows: 0 });
    this.#viewer = viewer.id;
    this.#offset = viewer.next;
  }

  /** An order to the program; resolves to its lines. */
  async order(line: string): Promise<string[]> {
    await this.tell(line);
    let text = '';
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
      const call = { id: this.#viewer, offset: this.#offset, max: 65536, waitMs: 1000 };
      const { data, offset } = await this.client.call('consoleRead', call);
      this.#offset = offset + data.length;
      text += Buffer.from(data).toString().replaceAll('\r', '');
      if (/^done\n$/m.test(text)) return text.split('\n').slice(0, -2);
    }
    throw new Error(`no answer to ${line}: ${JSON.stringify(text)}`);
  }

  /** An order without an answer. */
  async tell(line: string): Promise<void> {
    await this.client.call('consoleWrite', { id: this.#viewer, data: Buffer.from(`${line}\n`) });
  }

  /** The answers `name outcome` as pairs, each outcome with all names that had it. */
  async outcomes(line: string): Promise<Record<string, string[]>> {
    const byOutcome: Record<string, string[]> = {};
    for (const answer of await this.order(line)) {
      const [, name = '', outcome = ''] = /^(.*) (\w+)$/.exec(answer) ?? [];
      byOutcome[outcome] = [...(byOutcome[outcome] ?? []), name];
    }
    return byOutcome;
  }

  /** Starts the neighbour, with its monitor; resolves to the pid of its kernel. */
  async startNeighbour(): Promise<number> {
    this.world.addImage('vm2');
    await this.world.startMonitor('vm2');
    const client = await this.world.client('vm2');
    try {
      await client.call('start', undefined);
      return (await client.call('info', undefined)).kernelPid;
    } finally {
      client.close();
    }
  }

  async kernelPid(): Promise<number> {
    return (await this.client.call('info', undefined)).kernelPid;
  }

  async close(): Promise<void> {
    this.#client?.close();
    await this.world.close();
  }
}

/** All processes of a pid namespace that live, by the name of the namespace. */
export function processesIn(namespace: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => processIdentity(pid) && pidNamespaceOf(pid) === namespace);
}

/** Empty if the process has ended. */
export function pidNamespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return '';
  }
}
