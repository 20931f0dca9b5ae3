/**
 * What umlmon has set up on the host for the network of a VM: a small file for each VM, written before anything is done.
 * The last of the VMs that need a thing removes it. Changes are made under the lock of network-lock.ts.
 */
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../system/files/atomic-file.ts';
import { networkLimits } from '../system/limits/limits.ts';
import { Pacer } from '../system/pacer.ts';
import type { Announcement } from './plan/announcement.ts';
import type { InterfacePlan } from './plan/interface-plan.ts';
import type { KernelSetting } from './plan/kernel-settings.ts';
import type { NftTable } from './plan/private-bridge-plan.ts';
import type { SharedName } from './plan/shared-plan.ts';

/** A setting that a VM needs, and its value before, which may be the same. */
export interface ChangedSetting extends KernelSetting {
  readonly before: string;
  /** Its value for all interfaces at that time: a later change of that has changed this setting, too. */
  readonly general: string;
}

export interface NetworkRecord {
  /** Of the monitor, see ownNamespace: other namespaces may have interfaces of the same names, and none outlives a boot. */
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
  /** Links to its network namespace: the removal of a link ends its pasta. */
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

/** A network between VMs, with the VM's own settings of it. */
export interface SharedUse extends SharedName {
  readonly terms: string;
}

/** Where the records of all VMs of an umlmon are. */
export interface RecordPlace {
  readonly directory: string;
  readonly vm: string;
}

export function writeRecord({ directory, vm }: RecordPlace, record: NetworkRecord): void {
  // Without fsync: a crash of the host ends the network and makes the record useless.
  replaceFile(join(directory, vm), JSON.stringify(record), 0o600, false);
}

export function removeRecord({ directory, vm }: RecordPlace): void {
  rmSync(join(directory, vm), { force: true });
}

/** Undefined if it is missing or malformed. */
export function readNetworkRecord({ directory, vm }: RecordPlace): NetworkRecord | undefined {
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

export interface OtherRecord {
  readonly vm: string;
  readonly record: NetworkRecord;
}

/** The records of all other VMs in this network namespace. A host may have thousands of them. */
export async function neighbourRecords(
  { directory, vm }: RecordPlace,
  namespace: string,
): Promise<OtherRecord[]> {
  const pacer = new Pacer(networkLimits.recordSlice);
  const found: OtherRecord[] = [];
  for (const other of readdirSync(directory)) {
    const record =
      other === vm || other.includes('.') ? undefined : readNetworkRecord({ directory, vm: other });
    if (record?.namespace === namespace) found.push({ vm: other, record });
    if (pacer.isDue) await pacer.pause();
  }
  return found;
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
