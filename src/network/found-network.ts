/** What the network of the host is like at one moment, as far as a VM needs it; decides nothing. */
import { runHostCommand } from './host-command.ts';
import type { Need } from './needs.ts';
import { readSetting } from './settings.ts';

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
  /** All rules of the host, as `listRules` gives them; '' without nft(8). */
  readonly rules: string;
}

export interface FindPrograms {
  readonly ip: string;
  readonly bridge: string;
  readonly nft?: string;
}

/** Takes some 10 ms, in other processes. Errors: NETWORK_COMMAND. */
export async function lookAtNeeded(
  { ip, bridge, nft }: FindPrograms,
  needs: readonly Need[],
): Promise<FoundNetwork> {
  const things = needs.map(({ thing }) => thing);
  const routes = things.flatMap((thing) => (thing.is === 'route' ? [thing.what] : []));
  const [answers, vlans, rules] = await Promise.all([
    runHostCommand({
      program: ip,
      args: ['-details', '-json', '-batch', '-'],
      input: [
        'address show',
        ...routes.map((route) => `route show to exact ${route}`),
        'neighbour show proxy',
        '',
      ].join('\n'),
    }),
    things.some(({ is }) => is === 'vlan')
      ? runHostCommand({ program: bridge, args: ['-json', 'vlan', 'show'] })
      : '',
    nft === undefined ? '' : listRules(nft),
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
  };
}

/** The rules of the host as libnftables-json(5), without the elements of sets. Errors: NETWORK_COMMAND. */
export function listRules(nft: string): Promise<string> {
  return runHostCommand({ program: nft, args: ['--json', '--terse', 'list', 'ruleset'] });
}

/** How many rules each chain of each table has. */
export function countRules(rules: string): Map<string, Map<string, number>> {
  const tables = new Map<string, Map<string, number>>();
  for (const { table, chain, rule } of rulesIn(rules)) {
    if (table) tables.set(`${textOf(table, 'family')} ${textOf(table, 'name')}`, new Map());
    const own = chain ?? rule;
    if (!own) continue;
    const chains = tables.get(`${textOf(own, 'family')} ${textOf(own, 'table')}`);
    const name = textOf(own, chain ? 'name' : 'chain');
    chains?.set(name, (chains.get(name) ?? 0) + (chain ? 0 : 1));
  }
  return tables;
}

interface RuleEntry {
  readonly table?: Entry;
  readonly chain?: Entry;
  readonly rule?: Entry;
}

export function rulesIn(rules: string): RuleEntry[] {
  if (rules === '') return [];
  return listOf(entryOf(JSON.parse(rules)).nftables).map((entry) => ({
    ...('table' in entry ? { table: entryOf(entry.table) } : {}),
    ...('chain' in entry ? { chain: entryOf(entry.chain) } : {}),
    ...('rule' in entry ? { rule: entryOf(entry.rule) } : {}),
  }));
}

export type Entry = Readonly<Record<string, unknown>>;

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
        // Also while a program listens at it, which cannot be told apart.
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

/** Some versions say nothing for an empty list. */
function listIn(json: string): Entry[] {
  return json.trim() === '' ? [] : listOf(JSON.parse(json));
}

export function listOf(value: unknown): Entry[] {
  return Array.isArray(value) ? value.map(entryOf) : [];
}

export function entryOf(value: unknown): Entry {
  return typeof value === 'object' && value !== null ? (value as Entry) : {};
}

export function textOf(entry: Entry, name: string): string {
  const value = entry[name];
  return typeof value === 'string' ? value : '';
}
