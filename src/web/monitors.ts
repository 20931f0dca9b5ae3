import { readConfig } from '../config/locate.ts';
import { configError } from '../config/problem.ts';
import { layoutOf } from '../jail/layout.ts';
import { MonitorClient } from '../rpc/monitor-client.ts';
import { webLimits } from '../system/limits.ts';
import { refused } from './answer.ts';

/** The VMs of this host as its configuration has them. */
export class Monitors {
  readonly configPath: string | undefined;
  /** The directory of the programs of umlmon. */
  readonly programs: string;
  #places: ReadonlyMap<string, string> = new Map();
  #readAt = 0;

  constructor(configPath: string | undefined, programs: string) {
    this.configPath = configPath;
    this.programs = programs;
  }

  /** Name → control socket. A configuration that cannot be read leaves what there was. */
  places(now = Date.now()): ReadonlyMap<string, string> {
    if (now - this.#readAt < webLimits.configTime) return this.#places;
    this.#readAt = now;
    const { config, broken } = this.read();
    if (!config) return this.#places;
    const { vardir: varDir, rundir: runDir, shared } = config.global;
    const names = [...config.vms.keys(), ...broken.keys()].sort();
    this.#places = new Map(names.map((name) => [name, layoutOf(name, { varDir, runDir, shared }).ctrl]));
    return this.#places;
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

  /** The control socket of a VM. Errors: Refused 404. */
  ctrlOf(vm: string): string {
    const ctrl = this.places().get(vm);
    if (ctrl === undefined) throw refused(404, vm, 'there is no such VM');
    return ctrl;
  }

  /** Does something with the monitor of a VM, over a connection of its own. */
  async with<T>(vm: string, work: (client: MonitorClient) => Promise<T>): Promise<T> {
    const client = await MonitorClient.connect(this.ctrlOf(vm), vm);
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }
}
