import { readConfig } from '../../config/file/locate.ts';
import { configError } from '../../config/problem.ts';
import { layoutOf } from '../../jail/layout.ts';
import { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { webLimits } from '../../system/limits/limits.ts';
import { type Identity, identityKey, personKey } from '../identity.ts';
import { IdleClients } from './idle-clients.ts';
import { isOtherName, RemoteHosts } from './other-hosts.ts';

/** All VMs that umlweb shows, and the ways to their monitors: those of this host by its configuration, and of others. */
export class MonitorConnections {
  readonly configPath: string | undefined;
  readonly #others: RemoteHosts;
  readonly #idle = new IdleClients();
  /** Name → control socket. */
  #ctrls: ReadonlyMap<string, string> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;

  /** Errors: CONFIG_*, WEB_HOSTS. */
  constructor(configPath: string | undefined) {
    this.configPath = configPath;
    this.#others = new RemoteHosts(this.global());
  }

  /** The configured VMs of this host, and the last known VMs of other hosts. */
  names(): readonly string[] {
    return [...this.#readCtrls().keys(), ...this.#others.names];
  }

  /** Why the names may not be all. */
  get warnings(): readonly string[] {
    return this.#others.warnings;
  }

  /** Follows changes on other hosts, until `close`. */
  follow(onChange: () => void): void {
    this.#others.follow(onChange);
  }

  close(): void {
    this.#others.close();
    this.#idle.close();
  }

  /** Whether there is such a VM, or may be: who is on other hosts is known when it is asked for. */
  mayHave(vm: string): boolean {
    return this.isHere(vm) || isOtherName(vm);
  }

  /** Whether a VM is one of this host. */
  isHere(vm: string): boolean {
    return this.#readCtrls().has(vm);
  }

  /** The whole configuration, with its mistakes. */
  read() {
    const { configPath } = this;
    return readConfig({
      ...(configPath === undefined ? {} : { configPath }),
      env: process.env,
      uid: process.geteuid?.() ?? 0,
    });
  }

  /** The keys of [GLOBAL]. Errors: CONFIG_*. */
  global() {
    const { config, problems } = this.read();
    if (!config) throw configError(problems);
    return config.global;
  }

  /**
   * A connection to the monitor of a VM, for one user: every connection belongs to a user. Errors: Refused 404,
   * MONITOR_UNREACHABLE, ACT_FOR_REFUSED, and those of OtherHosts.
   */
  async connect(vm: string, identity: Identity): Promise<MonitorClient> {
    const ctrl = this.#readCtrls().get(vm);
    const client = await (ctrl === undefined ? this.#others.connect(vm) : MonitorClient.connect(ctrl, vm));
    try {
      await client.call('actFor', identity);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Calls the monitor of a VM for a user, over a connection that no other request uses meanwhile. */
  async with<T>(vm: string, identity: Identity, work: (client: MonitorClient) => Promise<T>): Promise<T> {
    const key = identityKey(vm, identity);
    const client = this.#idle.take(key) ?? (await this.connect(vm, identity));
    try {
      const result = await work(client);
      if (isOtherName(vm)) this.#idle.put(key, personKey(identity), client);
      else client.close();
      return result;
    } catch (error) {
      // Perhaps it leads nowhere any more.
      client.close();
      throw error;
    }
  }

  /** If the configuration cannot be read, the previous one stays. */
  #readCtrls(now = performance.now()): ReadonlyMap<string, string> {
    if (now - this.#readAt < webLimits.configTime) return this.#ctrls;
    this.#readAt = now;
    const { config, broken } = this.read();
    if (!config) return this.#ctrls;
    const { vardir: varDir, rundir: runDir, shared } = config.global;
    const names = [...config.vms.keys(), ...broken.keys()].sort();
    this.#ctrls = new Map(names.map((name) => [name, layoutOf(name, { varDir, runDir, shared }).ctrl]));
    return this.#ctrls;
  }
}
