/** The part of the host's network that a VM needs, at one moment; decides nothing. */
import { toFailure } from '../../system/errors/errors.ts';
import { countRules, type Entry, entryOf, listOf, textOf } from '../host/ip-answers.ts';
import { askNetwork, type CommandWords } from '../host/run-ip.ts';
import { readSetting } from '../plan/kernel-settings.ts';
import type { Ways } from '../rules/guest-flows.ts';
import type { Need } from './needs.ts';

export interface FoundLink {
  readonly alias: string;
  readonly isUp: boolean;
  readonly isPromiscuous: boolean;
  /** The bridge that it is a port of; '' for none. */
  readonly master: string;
  readonly isIsolated: boolean;
  /** `10.7.0.1/24`. */
  readonly addresses: readonly string[];
}

export interface FoundNetwork {
  readonly links: ReadonlyMap<string, FoundLink>;
  /** `10.9.0.2 dev p0`, without the prefix length of a single address. */
  readonly routes: ReadonlySet<string>;
  /** `10.9.0.2 dev lan0`. */
  readonly proxies: ReadonlySet<string>;
  /** `p0 7`: interface and VLAN. */
  readonly vlans: ReadonlySet<string>;
  /** Undefined for a setting that the host does not have. */
  readonly settings: ReadonlyMap<string, string | undefined>;
  /** `inet umlmon-nat-…` → rules of each of its chains. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /**
   * All rules of the host, as nft(8) gives them. Only the needed tables if only these are requested. Also if the full
   * list fails: it is too large, or this is an ordinary user. '' without a needed table, or without nft(8).
   */
  readonly rules: string;
  readonly ways: Ways;
}

export interface FindPrograms {
  readonly ip: string;
  readonly bridge: string;
  readonly nft?: string;
}

/**
 * Takes some 10 ms, in other processes; more on a host with many rules, unless only those of needed tables are listed.
 * Errors: NETWORK_COMMAND.
 */
export async function lookAtNeeded(
  { ip, bridge, nft }: FindPrograms,
  needs: readonly Need[],
  which: 'all' | 'own' = 'all',
): Promise<FoundNetwork> {
  const things = needs.map(({ thing }) => thing);
  const routes = things.flatMap((thing) => (thing.is === 'route' ? [thing.what] : []));
  const [answers, vlans, rules] = await Promise.all([
    askNetwork(
      ip,
      ['-details', '-json', '-batch', '-'],
      [
        ['address', 'show'],
        ...[...routes, '0.0.0.0/0', '::/0'].map(routeQuestion),
        ['neighbour', 'show', 'proxy'],
      ],
    ),
    things.some(({ is }) => is === 'vlan') ? askNetwork(bridge, ['-json', 'vlan', 'show']) : '',
    nft === undefined ? '' : listRules(nft, things, which),
  ]);
  const entries = answers.split('\n').flatMap((line) => listIn(line));
  const settings = things.flatMap((thing) => (thing.is === 'setting' ? [thing.name] : []));
  return {
    links: new Map(entries.flatMap(linkOf)),
    routes: wordsOf(entries.filter((entry) => !('ifname' in entry) && !('proxy' in entry))),
    proxies: wordsOf(entries.filter((entry) => 'proxy' in entry)),
    vlans: new Set(listIn(vlans).flatMap(vlansOf)),
    settings: new Map(settings.map((name) => [name, readSetting(name)])),
    tables: countRules(rules),
    rules,
    ways: waysOf(entries),
  };
}

/** As libnftables-json(5), without the elements of sets: all, or only the needed tables if the list is too large. */
async function listRules(
  nft: string,
  things: readonly Need['thing'][],
  which: 'all' | 'own',
): Promise<string> {
  const ask = (...words: string[]) => askNetwork(nft, ['--json', '--terse', 'list', ...words]);
  // Listing all of them fails where they exceed the limits, and for an ordinary user.
  const all = which === 'all' ? await ask('ruleset').catch(() => undefined) : undefined;
  if (all !== undefined) return all;
  const own = things.flatMap((thing) => (thing.is === 'table' ? [thing] : []));
  if (own.length === 0) return '';
  const tables = await Promise.all(
    own.map(({ family, table }) => ask('table', family, table).catch(noTable)),
  );
  return JSON.stringify({ nftables: tables.flatMap((one) => listOf(entryOf(JSON.parse(one)).nftables)) });
}

/** nft(8) fails for a missing table. After any other failure it is unknown whether the table exists. */
function noTable(error: unknown): string {
  if (toFailure(error).cause.includes('No such file or directory')) return '{}';
  throw error;
}

/** Among commands of both families, ip(8) shows routes of IPv6 only with those of all tables. */
function routeQuestion(prefix: string): CommandWords {
  return ['route', 'show', ...(prefix.includes(':') ? ['table', 'all'] : []), 'to', 'exact', prefix];
}

function waysOf(entries: readonly Entry[]): Ways {
  const defaults = entries.filter(({ dst }) => dst === 'default');
  const way = (is6: boolean) => {
    // Only routes of IPv6 have a preference.
    const route = defaults.find((entry) => 'pref' in entry === is6);
    if (!route) return undefined;
    return textOf(route, 'dev') || textOf(listOf(route.nexthops)[0] ?? {}, 'dev') || undefined;
  };
  const isOn = (name: string) => readSetting(`net/bridge/bridge-nf-call-${name}`) === '1';
  return { ipv4: way(false), ipv6: way(true), bridged4: isOn('iptables'), bridged6: isOn('ip6tables') };
}

function linkOf(entry: Entry): [string, FoundLink][] {
  const name = textOf(entry, 'ifname');
  if (name === '' || !Array.isArray(entry.flags)) return [];
  const slave = entryOf(entryOf(entry.linkinfo).info_slave_data);
  return [
    [
      name,
      {
        alias: textOf(entry, 'ifalias'),
        isUp: entry.flags.includes('UP'),
        // Also while a program listens at it: the host reports both in the same way.
        isPromiscuous: Number(entry.promiscuity ?? 0) > 0,
        master: textOf(entry, 'master'),
        isIsolated: slave.isolated === true,
        addresses: listOf(entry.addr_info).map(
          (address) => `${textOf(address, 'local')}/${String(address.prefixlen)}`,
        ),
      },
    ],
  ];
}

function vlansOf(entry: Entry): string[] {
  return listOf(entry.vlans).map(({ vlan }) => `${textOf(entry, 'ifname')} ${String(vlan)}`);
}

function wordsOf(entries: readonly Entry[]): Set<string> {
  return new Set(entries.map((entry) => `${textOf(entry, 'dst')} dev ${textOf(entry, 'dev')}`));
}

/** Some versions print nothing for an empty list. */
function listIn(json: string): Entry[] {
  return json.trim() === '' ? [] : listOf(JSON.parse(json));
}
