import type { DirChange, DirChangeKind, DirChanges, DirEntry, DirList, DirVm } from '../rpc/umldir.gen.ts';
import { UMLDIR_CHANGES_MAX, UMLDIR_LIST_MAX, UMLDIR_WAIT_MAX } from '../rpc/umldir.gen.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { directoryLimits, directoryShares } from '../system/limits/limits.ts';
import { refusalText, type SharePeer, Shares } from '../system/sharing/shares.ts';
import { Waiters } from '../system/waiters.ts';

type Page = Pick<DirList, 'entries' | 'more' | 'next'>;

/**
 * The VMs of this host and of other hosts. Changes have consecutive numbers, and the newest ones are kept for watchers.
 * A request for older changes fails with DIRECTORY_LOST.
 */
export class Directory {
  readonly #hosts = new Map<string, Map<string, DirVm>>();
  readonly #changes: DirChange[] = [];
  readonly #waiting = new Waiters();
  readonly #watchers = new Shares(directoryShares.watchers);
  #next = 1;
  /** All entries, sorted; undefined after a change. */
  #sorted: readonly DirEntry[] | undefined;

  get next(): number {
    return this.#next;
  }

  get(host: string, name: string): DirVm | undefined {
    return this.#hosts.get(host)?.get(name);
  }

  /** The VMs of one host. */
  vmsOf(host: string): readonly DirVm[] {
    return [...(this.#hosts.get(host)?.values() ?? [])];
  }

  /** The hosts that have a VM of this name. */
  hostsOf(name: string): readonly string[] {
    return [...this.#hosts].flatMap(([host, vms]) => (vms.has(name) ? [host] : []));
  }

  /** Sets the entry of a VM; an equal entry is not a change. */
  set(host: string, vm: DirVm): void {
    let vms = this.#hosts.get(host);
    if (!vms) {
      vms = new Map();
      this.#hosts.set(host, vms);
    }
    const known = vms.get(vm.name);
    if (known && isSame(known, vm)) return;
    vms.set(vm.name, vm);
    this.#publish('set', { host, vm });
  }

  remove(host: string, name: string): void {
    const vms = this.#hosts.get(host);
    const vm = vms?.get(name);
    if (!vms || !vm) return;
    vms.delete(name);
    if (vms.size === 0) this.#hosts.delete(host);
    this.#publish('gone', { host, vm });
  }

  /** Up to UMLDIR_LIST_MAX entries in the order of hosts and names, after the given one. */
  list(after: { readonly afterHost: string; readonly afterVm: string }): Page {
    this.#sorted ??= [...this.#hosts]
      .flatMap(([host, vms]) => [...vms.values()].map((vm) => ({ host, vm })))
      .sort((one, other) => compare(one.host, other.host) || compare(one.vm.name, other.vm.name));
    const begins =
      after.afterHost === '' && after.afterVm === ''
        ? 0
        : this.#sorted.findIndex(
            ({ host, vm }) => (compare(host, after.afterHost) || compare(vm.name, after.afterVm)) > 0,
          );
    const entries = begins < 0 ? [] : this.#sorted.slice(begins, begins + UMLDIR_LIST_MAX);
    const more = begins >= 0 && begins + entries.length < this.#sorted.length;
    return { entries, more, next: this.#next };
  }

  /**
   * Changes from number `since` on (0 = new changes only); waits up to `waitMs` for the first one. Errors: DIRECTORY_LOST,
   * DIRECTORY_BUSY.
   */
  async watch(since: number, waitMs: number, peer: SharePeer, signal: AbortSignal): Promise<DirChanges> {
    const from = since === 0 ? this.#next : since;
    this.#assertHeld(from);
    if (from === this.#next && waitMs > 0) {
      await this.#wait(Math.min(waitMs, UMLDIR_WAIT_MAX), peer, signal);
      this.#assertHeld(from);
    }
    const start = this.#changes.length - (this.#next - from);
    const changes = this.#changes.slice(start, start + UMLDIR_CHANGES_MAX);
    return { changes, next: from + changes.length };
  }

  #publish(kind: DirChangeKind, entry: DirEntry): void {
    this.#sorted = undefined;
    this.#changes.push({ sequence: this.#next, kind, entry });
    this.#next += 1;
    if (this.#changes.length > directoryLimits.changesKept) this.#changes.shift();
    this.#waiting.wake();
  }

  #assertHeld(from: number): void {
    const oldest = this.#next - this.#changes.length;
    if (from >= oldest && from <= this.#next) return;
    throw new UmlmonError('DIRECTORY_LOST', {
      place: `change ${from}`,
      cause: `only changes ${oldest} to ${this.#next - 1} are available`,
      hint: 'list again, and continue with `next` of the list',
    });
  }

  #wait(ms: number, peer: SharePeer, signal: AbortSignal): Promise<void> {
    const release = this.#watchers.take(peer);
    if (typeof release !== 'function')
      throw new UmlmonError('DIRECTORY_BUSY', {
        place: 'umldir',
        cause: refusalText(release, 'calls that wait for changes'),
        hint: 'call again without waiting',
      });
    return this.#waiting.wait(ms, signal).finally(release);
  }
}

/** Compares by bytes, independent of the locale. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function isSame(one: DirVm, other: DirVm): boolean {
  return (
    one.state === other.state &&
    one.stateSince === other.stateSince &&
    one.ready === other.ready &&
    one.address === other.address &&
    one.port === other.port
  );
}
