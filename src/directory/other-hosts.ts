/** Pure. */
import { directoryLimits, directoryShares } from '../system/limits/limits.ts';
import { Shares } from '../system/sharing/shares.ts';
import type { Directory } from './directory.ts';
import { type HostRecord, readHost, readKey, readSharedVm } from './shared-record.ts';

interface Known {
  readonly host: string;
  readonly vm: string;
  readonly release: () => void;
}

interface Pair {
  readonly key: string;
  readonly value: string;
}

/** The valid records of other hosts in etcd; their VMs are set in the directory. */
export class OtherHosts {
  readonly #here: string;
  readonly #directory: Directory;
  readonly #hosts = new Map<string, HostRecord>();
  /** Keys of the VMs in the directory. */
  readonly #vms = new Map<string, Known>();
  readonly #shares = new Shares(directoryShares.sharedVms);
  /** Keys of omitted records, up to a limit. */
  readonly #leftOut = new Set<string>();

  constructor(here: string, directory: Directory) {
    this.#here = here;
    this.#directory = directory;
  }

  /** Number of records above the limit or malformed. */
  get leftOut(): number {
    return this.#leftOut.size;
  }

  host(name: string): HostRecord | undefined {
    return this.#hosts.get(name);
  }

  set({ key, value }: Pair): void {
    const about = readKey(key);
    if (about?.host === this.#here) return;
    const isTaken = about && this.#take(key, about, value);
    if (isTaken) this.#leftOut.delete(key);
    else {
      this.remove(key);
      if (this.#leftOut.size < directoryLimits.sharedVms) this.#leftOut.add(key);
    }
  }

  remove(key: string): void {
    this.#leftOut.delete(key);
    const known = this.#vms.get(key);
    if (known) {
      this.#vms.delete(key);
      known.release();
      this.#directory.remove(known.host, known.vm);
    }
    const about = readKey(key);
    if (about && about.vm === undefined) this.#hosts.delete(about.host);
  }

  /** Replaces all records; those that are missing now are removed. */
  replace(pairs: readonly Pair[]): void {
    const keys = new Set(pairs.map(({ key }) => key));
    for (const key of [...this.#vms.keys()]) if (!keys.has(key)) this.remove(key);
    this.#hosts.clear();
    this.#leftOut.clear();
    for (const pair of pairs) this.set(pair);
  }

  clear(): void {
    this.replace([]);
  }

  #take(key: string, { host, vm: name }: { host: string; vm?: string }, value: string): boolean {
    if (name === undefined) {
      const record = readHost(host, value);
      if (!record || (!this.#hosts.has(host) && this.#hosts.size >= directoryLimits.hosts)) return false;
      this.#hosts.set(host, record);
      return true;
    }
    const vm = readSharedVm(name, value);
    if (!vm) return false;
    if (!this.#vms.has(key)) {
      const release = this.#shares.take({ key: host, isOwner: false });
      if (typeof release !== 'function') return false;
      this.#vms.set(key, { host, vm: name, release });
    }
    this.#directory.set(host, vm);
    return true;
  }
}
