/**
 * What umlmon has set up on the host for the network of a VM: a small file per VM, written before anything is done.
 * What several VMs need is put back by the last of them, so all changes are made one monitor at a time.
 */
import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UmlmonError } from '../system/errors/errors.ts';
import { replaceFile } from '../system/files/atomic-file.ts';
import { networkLimits } from '../system/limits/limits.ts';
import { lock } from '../system/native/native.ts';
import { shellWord } from '../system/shell-word.ts';
import type { Announcement } from './host/host-network.ts';
import type { InterfacePlan } from './plan/interface-plan.ts';
import type { Setting } from './plan/kernel-settings.ts';
import type { NftTable } from './plan/private-bridge-plan.ts';
import type { SharedName } from './plan/shared-plan.ts';

/** A setting that a VM needs, and what it was before; that is the same if it was so already. */
export interface ChangedSetting extends Setting {
  readonly before: string;
  /** What it was then for all interfaces at once: who changes that later has changed this one too. */
  readonly general: string;
}

export interface NetworkRecord {
  /** Of the monitor, see ownNamespace: there may be interfaces of the same names in others, and none outlives a boot. */
  readonly namespace: string;
  readonly interfaces: readonly Pick<InterfacePlan, 'name' | 'temporary' | 'alias'>[];
  /** Only those that were not there before. */
  readonly announced: readonly Announcement[];
  readonly settings: readonly ChangedSetting[];
  /** Networks between VMs that it is in. */
  readonly shared: readonly SharedUse[];
  /** Ports of the host that lead to it: `tcp port 80 of the host`. */
  readonly forwards: readonly string[];
  /** Tables of nftables that are its own. */
  readonly tables: readonly NftTable[];
  /** Links to its network namespace: when one is removed, its pasta ends. */
  readonly links: readonly string[];
}

export function emptyRecord(namespace: string): NetworkRecord {
  return {
    namespace,
    interfaces: [],
    announced: [],
    settings: [],
    shared: [],
    forwards: [],
    tables: [],
    links: [],
  };
}

/** A network between VMs, and what the VM says of it. */
export interface SharedUse extends SharedName {
  readonly terms: string;
}

/** Where the records of all VMs of an umlmon are. */
export interface RecordPlace {
  readonly directory: string;
  readonly vm: string;
}

/**
 * Does `work` while no other monitor changes the network of the host. What it starts should inherit the descriptor
 * `turn`: the turn then lasts until its end, even if this process is killed. Errors: NETWORK_COMMAND, those of `work`.
 */
export function inTurn<T>(place: RecordPlace, work: (turn: number) => T): T {
  const fd = openTurn(place);
  try {
    const deadline = performance.now() + networkLimits.lockWait;
    while (!lock(fd, 'exclusive')) {
      refuseLate(place, deadline);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, networkLimits.lockPoll);
    }
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * The same for work that takes its time, and that many monitors may have at once: this process does other things
 * meanwhile.
 *
 * @param mayGoOn asked again and again while others have their turn
 * @returns undefined if it may not go on, and nothing was done
 */
export async function inTurnLater<T>(
  place: RecordPlace,
  mayGoOn: () => boolean,
  work: (turn: number) => Promise<T>,
): Promise<T | undefined> {
  const fd = openTurn(place);
  try {
    const deadline = performance.now() + networkLimits.repairWait;
    while (!lock(fd, 'exclusive')) {
      if (!mayGoOn()) return undefined;
      refuseLate(place, deadline);
      await delay(networkLimits.repairPoll);
    }
    return await work(fd);
  } finally {
    closeSync(fd);
  }
}

function lockPath({ directory }: RecordPlace): string {
  return join(directory, '.lock');
}

function openTurn(place: RecordPlace): number {
  const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
  return openSync(lockPath(place), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
}

function refuseLate(place: RecordPlace, deadline: number): void {
  if (performance.now() <= deadline) return;
  const path = lockPath(place);
  throw new UmlmonError('NETWORK_COMMAND', {
    place: path,
    cause: 'another monitor is changing the network of the host, and does not come to an end',
    hint: `find it with: fuser -v ${shellWord(path)}`,
  });
}

export function writeRecord({ directory, vm }: RecordPlace, record: NetworkRecord): void {
  // It is of no use after a crash of the host, which ends what it tells of.
  replaceFile(join(directory, vm), JSON.stringify(record), 0o600, false);
}

export function removeRecord({ directory, vm }: RecordPlace): void {
  rmSync(join(directory, vm), { force: true });
}

/** Undefined if there is none, or none that can be understood. */
export function readRecord({ directory, vm }: RecordPlace): NetworkRecord | undefined {
  try {
    const text = readFileSync(join(directory, vm), 'utf8');
    if (text.length > networkLimits.recordBytes) return undefined;
    const { namespace, interfaces, announced, settings, shared, forwards, tables, links } = JSON.parse(
      text,
    ) as Partial<NetworkRecord>;
    return {
      namespace: String(namespace),
      interfaces: entries(interfaces, ['name', 'temporary', 'alias']),
      announced: entries(announced, ['address', 'on']),
      settings: entries(settings, ['name', 'value', 'before', 'general']),
      shared: entries(shared, ['kind', 'network', 'terms']).flatMap(({ kind, ...use }) =>
        kind === 'network' || kind === 'nat' ? [{ ...use, kind }] : [],
      ),
      forwards: Array.isArray(forwards) ? forwards.filter((text) => typeof text === 'string') : [],
      links: Array.isArray(links) ? links.filter((link) => typeof link === 'string') : [],
      tables: entries(tables, ['family', 'table']).flatMap(({ family, table }) =>
        (family === 'netdev' || family === 'inet') && /^umlmon-[a-z]+-[0-9a-f]+$/.test(table)
          ? [{ family, table }]
          : [],
      ),
    };
  } catch {
    return undefined;
  }
}

/** The records of all other VMs. */
export function otherRecords({ directory, vm }: RecordPlace): { vm: string; record: NetworkRecord }[] {
  return readdirSync(directory).flatMap((other) => {
    const record = other === vm || other.includes('.') ? undefined : readRecord({ directory, vm: other });
    return record ? [{ vm: other, record }] : [];
  });
}

/** Those of a list that have all of these texts. */
function entries<Name extends string>(list: unknown, names: readonly Name[]): Record<Name, string>[] {
  if (!Array.isArray(list)) return [];
  return list.filter((entry: unknown): entry is Record<Name, string> => {
    const texts = (entry ?? {}) as Partial<Record<Name, unknown>>;
    return names.every((name) => typeof texts[name] === 'string');
  });
}

/** Names the network namespace of this process, and the boot of the host: the first one has the same name after each. */
export function ownNamespace(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return `${readlinkSync('/proc/self/ns/net')} ${boot}`;
}
