import type { ImageStore } from '../../disk/names/image-name.ts';
import type { ImageGraph } from '../../disk/store/graph.ts';
import { scanImages } from '../../disk/store/scan.ts';
import { askAccounts } from '../../jail/ask-accounts.ts';
import { type AskAccounts, askHost } from '../../jail/user.ts';

/**
 * One inspection of the host, for one VM or for many. Facts that all VMs share are read once: a kernel, its libraries,
 * the memory, the network, the accounts. Its answers are those of the moment in which they were first asked for: who looks
 * again later makes a new one.
 */
export class HostLook {
  /** Entries of accounts, as getent(1) prints them. */
  readonly accounts: AskAccounts;
  /** Whether many VMs are inspected: then the images of all of them are read together. */
  readonly isOfMany: boolean;
  readonly #known = new Map<string, unknown>();
  #graph: Promise<ImageGraph> | undefined;

  /** @param users of many VMs, as the configuration names them; undefined for a single VM */
  constructor(users?: Iterable<string>) {
    this.isOfMany = users !== undefined;
    this.accounts = users ? askAccounts('passwd', users) : askHost;
  }

  /** The result of `view`, which is called only the first time. The name identifies it, and each has one type. */
  once<T>(name: string, look: () => T): T {
    if (!this.#known.has(name)) this.#known.set(name, look());
    return this.#known.get(name) as T;
  }

  /** The images of all VMs. */
  graph(store: ImageStore): Promise<ImageGraph> {
    this.#graph ??= scanImages(store).then(({ graph }) => graph);
    return this.#graph;
  }
}
