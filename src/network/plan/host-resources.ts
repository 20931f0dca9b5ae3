/** The resources of the host that interfaces need together, and those of a record that none of them needs. Pure. */
import { forwardText } from '../../config/networks/shared.ts';
import type { NetworkRecord } from '../network-record.ts';
import { type Announcement, isSameAnnouncement } from './announcement.ts';
import type { InterfacePlan } from './interface-plan.ts';
import type { KernelSetting } from './kernel-settings.ts';
import type { PortForward } from './nat-plan.ts';
import type { OwnRules } from './private-bridge-plan.ts';
import type { SharedName, SharedPlan } from './shared-plan.ts';

/** Each resource once, even if several interfaces need it. */
export interface Demands {
  readonly taps: readonly InterfacePlan[];
  readonly shared: readonly SharedPlan[];
  readonly forwards: readonly PortForward[];
  /** Settings of interfaces that are not the VM's own. */
  readonly settings: readonly KernelSetting[];
  readonly announced: readonly Announcement[];
  /** Rules of nftables for single interfaces. */
  readonly rules: readonly OwnRules[];
  /** Links of pasta networks. */
  readonly links: readonly string[];
}

export function demandsOf(interfaces: readonly InterfacePlan[]): Demands {
  const shared = interfaces.flatMap((plan) => (plan.shared ? [plan.shared] : []));
  const settings = interfaces.flatMap(({ others }) => others);
  return {
    taps: interfaces.filter(({ alias }) => alias !== ''),
    shared: [...new Map(shared.map((one) => [one.how.alias, one])).values()],
    forwards: interfaces.flatMap((plan) => plan.forwards),
    settings: [...new Map(settings.map((one) => [one.name, one])).values()],
    announced: interfaces.flatMap((plan) => plan.announced),
    rules: interfaces.flatMap((plan) => plan.rules),
    links: interfaces.flatMap(({ user }) => (user ? [user.link] : [])),
  };
}

/** Splits a record in two: what these interfaces need, and the rest. */
export function splitRecord(
  record: NetworkRecord,
  { taps, shared, forwards, settings, announced, rules, links }: Demands,
): { kept: NetworkRecord; surplus: NetworkRecord } {
  const aliases = new Set(taps.map(({ alias }) => alias));
  const names = new Set(settings.map(({ name }) => name));
  const tables = new Set(rules.map(({ table }) => table));
  const ports = new Set(forwards.map(forwardText));
  const divide = (isKept: boolean): NetworkRecord => ({
    namespace: record.namespace,
    interfaces: record.interfaces.filter(({ alias }) => aliases.has(alias) === isKept),
    announced: record.announced.filter(
      (one) => announced.some((other) => isSameAnnouncement(one, other)) === isKept,
    ),
    settings: record.settings.filter(({ name }) => names.has(name) === isKept),
    shared: record.shared.filter((use) => shared.some((one) => isSameNetwork(use, one)) === isKept),
    forwards: record.forwards.filter((port) => ports.has(port) === isKept),
    tables: record.tables.filter(({ table }) => tables.has(table) === isKept),
    links: record.links.filter((link) => links.includes(link) === isKept),
  });
  return { kept: divide(true), surplus: divide(false) };
}

export function isSameNetwork(one: SharedName, other: SharedName): boolean {
  return one.kind === other.kind && one.network === other.network;
}
