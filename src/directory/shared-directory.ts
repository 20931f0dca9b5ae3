import { setTimeout as delay } from 'node:timers/promises';
import type { DirSharingState, DirVm } from '../rpc/umldir.gen.ts';
import { UMLDIR_TEXT_MAX } from '../rpc/umldir.gen.ts';
import { failureText, toFailure, UmlmonError } from '../system/errors/errors.ts';
import { directoryLimits } from '../system/limits/limits.ts';
import { printable } from '../system/text.ts';
import type { Directory } from './directory.ts';
import { arrayOf, type Etcd, fromBase64, objectOf, toBase64 } from './etcd.ts';
import { OtherHosts } from './other-hosts.ts';
import { type HostRecord, hostKey, readHost, sharedPrefix, vmKey } from './shared-record.ts';

export interface SharedParts {
  readonly etcd: Etcd;
  readonly here: HostRecord;
  /** Milliseconds after which a silent host counts as gone. */
  readonly leaseMs: number;
  /** Source of the VMs of this host; the VMs of other hosts are set in it. */
  readonly directory: Directory;
  /** Called when sharing starts to work or fails. */
  readonly onState: (state: DirSharingState) => void;
}

/**
 * One directory for several hosts. Each host writes its VMs to etcd under a lease that it keeps alive, and watches the
 * records of the others. Any failure ends the session; a new one starts after a pause. The VMs of this host do not
 * depend on etcd. Those of other hosts are removed when etcd was unavailable for the time of a lease.
 */
export class SharedDirectory {
  readonly #parts: SharedParts;
  readonly #others: OtherHosts;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  /** VMs of this host whose current entry is not in etcd yet. */
  readonly #untold = new Set<string>();
  #wake: () => void = () => undefined;
  #lease = '';
  #retryMs: number = directoryLimits.etcdRetry;
  #forgetting: NodeJS.Timeout | undefined;
  #state: DirSharingState = { sharing: 'broken', warning: 'not connected to etcd yet' };

  constructor(parts: SharedParts) {
    this.#parts = parts;
    this.#others = new OtherHosts(parts.here.name, parts.directory);
    this.#running = this.#run();
  }

  get state(): DirSharingState {
    const { leftOut } = this.#others;
    if (this.#state.sharing !== 'on' || leftOut === 0) return this.#state;
    return {
      sharing: 'on',
      warning: `${leftOut} records of other hosts were omitted: too many, or malformed`,
    };
  }

  host(name: string): HostRecord | undefined {
    return this.#others.host(name);
  }

  /** Publishes a changed or removed VM of this host. */
  tell(name: string): void {
    this.#untold.add(name);
    this.#wake();
  }

  /** Revokes the lease, so that other hosts see the exit at once. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#forgetting);
    await this.#running;
    const time = AbortSignal.timeout(directoryLimits.etcdRetry);
    // If this fails, the lease expires.
    if (this.#lease)
      await this.#parts.etcd.call('lease/revoke', { ID: this.#lease }, time).catch(() => undefined);
    this.#parts.etcd.close();
    this.#others.clear();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const session = new AbortController();
      const end = () => session.abort();
      signal.addEventListener('abort', end);
      try {
        await this.#session(session.signal);
      } catch (error) {
        if (!signal.aborted) this.#broken(error);
      } finally {
        signal.removeEventListener('abort', end);
        end();
      }
      // Random, so that not all hosts retry at the same time.
      const pause = this.#retryMs * (0.75 + Math.random() / 2);
      this.#retryMs = Math.min(2 * this.#retryMs, directoryLimits.etcdRetryMax);
      // Aborted when umldir exits; the loop checks the signal.
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One session: from the grant of a lease to the first failure. */
  async #session(signal: AbortSignal): Promise<void> {
    const { etcd, leaseMs } = this.#parts;
    const granted = await etcd.call('lease/grant', { TTL: Math.ceil(leaseMs / 1000) }, signal);
    this.#lease = String(granted.ID ?? '');
    await this.#claimHost(signal);
    await this.#tellAll(signal);
    const revision = await this.#readAll(signal);
    this.#works();
    await Promise.race([
      this.#keepLease(signal),
      this.#watch(revision + 1, signal),
      this.#tellChanges(signal),
    ]);
  }

  /** Writes the record of this host, unless another host has the same name. */
  async #claimHost(signal: AbortSignal): Promise<void> {
    const { etcd, here } = this.#parts;
    const key = toBase64(hostKey(here.name));
    const found = await etcd.call('kv/range', { key }, signal);
    const known = objectOf(arrayOf(found.kvs)[0]);
    const record = readHost(here.name, fromBase64(known.value));
    if (record && record.identity !== here.identity) throw taken(record);
    const { name: _, ...value } = here;
    const answer = await etcd.call(
      'kv/txn',
      {
        compare: [{ key, target: 'MOD', mod_revision: String(known.mod_revision ?? 0) }],
        success: [{ requestPut: { key, value: toBase64(JSON.stringify(value)), lease: this.#lease } }],
      },
      signal,
    );
    if (answer.succeeded !== true)
      throw new UmlmonError('ETCD_FAILED', {
        place: `host ${here.name}`,
        cause: 'another host has just claimed the name',
      });
  }

  /** Publishes all VMs of this host and removes leftovers of a previous umldir. */
  async #tellAll(signal: AbortSignal): Promise<void> {
    const { directory, etcd, here } = this.#parts;
    const prefix = vmKey(here.name, '');
    await etcd.call('kv/deleterange', { key: toBase64(prefix), range_end: rangeEnd(prefix) }, signal);
    this.#untold.clear();
    await this.#tell(
      directory.vmsOf(here.name).map(({ name }) => name),
      signal,
    );
  }

  async #tell(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { directory, etcd, here } = this.#parts;
    for (let at = 0; at < names.length; at += directoryLimits.etcdOperations) {
      const success = names.slice(at, at + directoryLimits.etcdOperations).map((name) => {
        const key = toBase64(vmKey(here.name, name));
        const vm = directory.get(here.name, name);
        return vm
          ? { requestPut: { key, value: toBase64(jsonOf(vm)), lease: this.#lease } }
          : { requestDeleteRange: { key } };
      });
      await etcd.call('kv/txn', { success }, signal);
    }
  }

  /** Reads the records of all hosts; resolves to their revision. */
  async #readAll(signal: AbortSignal): Promise<number> {
    const range = { key: toBase64(sharedPrefix), range_end: rangeEnd(sharedPrefix) };
    const found = await this.#parts.etcd.call('kv/range', range, signal);
    this.#others.replace(arrayOf(found.kvs).map(pairOf));
    return Number(objectOf(found.header).revision ?? 0);
  }

  async #keepLease(signal: AbortSignal): Promise<never> {
    for (;;) {
      await delay(this.#parts.leaseMs / 3, undefined, { signal });
      const { result } = await this.#parts.etcd.call('lease/keepalive', { ID: this.#lease }, signal);
      if (Number(objectOf(result).TTL ?? 0) <= 0)
        throw new UmlmonError('ETCD_FAILED', {
          place: `host ${this.#parts.here.name}`,
          cause: 'the lease has expired: etcd was unreachable for too long',
        });
    }
  }

  #watch(revision: number, signal: AbortSignal): Promise<never> {
    const create_request = {
      key: toBase64(sharedPrefix),
      range_end: rangeEnd(sharedPrefix),
      start_revision: String(revision),
    };
    return this.#parts.etcd.stream('watch', { create_request }, signal, (result) => {
      if (result.canceled === true)
        throw new Error(`the watch was cancelled: ${String(result.cancel_reason ?? '')}`);
      for (const event of arrayOf(result.events)) {
        const { type, kv } = objectOf(event);
        const pair = pairOf(kv);
        if (type === 'DELETE') this.#others.remove(pair.key);
        else this.#others.set(pair);
      }
    });
  }

  async #tellChanges(signal: AbortSignal): Promise<never> {
    for (;;) {
      if (this.#untold.size === 0)
        await new Promise<void>((resolve, reject) => {
          const onAbort = () => reject(signal.reason);
          signal.addEventListener('abort', onAbort, { once: true });
          this.#wake = () => {
            signal.removeEventListener('abort', onAbort);
            resolve();
          };
        });
      const names = [...this.#untold];
      this.#untold.clear();
      await this.#tell(names, signal);
    }
  }

  #works(): void {
    clearTimeout(this.#forgetting);
    this.#forgetting = undefined;
    this.#retryMs = directoryLimits.etcdRetry;
    this.#enter({ sharing: 'on', warning: '' });
  }

  #broken(error: unknown): void {
    // By then, the leases of all hosts that are gone have expired.
    this.#forgetting ??= setTimeout(() => this.#others.clear(), this.#parts.leaseMs);
    this.#enter({
      sharing: 'broken',
      warning: printable(failureText(toFailure(error)), UMLDIR_TEXT_MAX / 4),
    });
  }

  #enter(state: DirSharingState): void {
    const isNews = state.sharing !== this.#state.sharing || state.warning !== this.#state.warning;
    this.#state = state;
    if (isNews) this.#parts.onState(state);
  }
}

interface Pair {
  readonly key: string;
  readonly value: string;
}

function pairOf(kv: unknown): Pair {
  const { key, value } = objectOf(kv);
  return { key: fromBase64(key), value: fromBase64(value) };
}

function jsonOf({ name: _, ...value }: DirVm): string {
  return JSON.stringify(value);
}

/** The end of the range of all keys with a prefix, for etcd: the prefix with its last byte incremented. */
function rangeEnd(prefix: string): string {
  const bytes = Buffer.from(prefix);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) + 1, bytes.length - 1);
  return bytes.toString('base64');
}

function taken({ name, address }: HostRecord): UmlmonError {
  return new UmlmonError('ETCD_FAILED', {
    place: `host ${name}`,
    cause: `another host uses this name in the shared directory: ${address}`,
    hint: 'set a different host_name on each host',
  });
}
