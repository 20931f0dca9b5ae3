/** What of the needs of a VM is not as it should be. Pure. */
import type { FoundLink, FoundNetwork } from './found-network.ts';
import type { Need, Thing } from './needs.ts';

export interface Drift {
  readonly need: Need;
  /** For users: `the address 10.7.0.1/24 of web-1a2b is missing`. */
  readonly text: string;
  /** Whether it can be restored now: what it depends on exists. */
  readonly isMakeable: boolean;
}

export function driftOf(needs: readonly Need[], found: FoundNetwork): Drift[] {
  const drifts = needs.flatMap((need): Drift[] => {
    const text = damageOf(need.thing, found);
    return text === undefined
      ? []
      : [{ need, text, isMakeable: need.make.length > 0 && isPossible(need.thing, found) }];
  });
  // A missing interface has neither addresses nor routes: only the interface is reported.
  const gone = new Set(drifts.flatMap(({ need: { thing } }) => (thing.is === 'link' ? [thing.name] : [])));
  return drifts.filter(
    ({ need: { thing } }) => thing.is === 'link' || !restsOn(thing).some((name) => gone.has(name)),
  );
}

/** Interfaces without which it cannot be. */
function restsOn(thing: Thing): string[] {
  if (thing.is === 'port') return [thing.name, thing.bridge];
  return 'name' in thing && thing.is !== 'setting' ? [thing.name] : [];
}

function isPossible(thing: Thing, { links }: FoundNetwork): boolean {
  if (thing.is === 'link') return !links.has(thing.name);
  if (thing.is === 'port') return links.get(thing.name)?.master === '';
  // Without its interface up, a route is refused, and an address of IPv6 goes again.
  if (thing.is === 'route' || thing.is === 'address') return links.get(thing.name)?.isUp === true;
  return true;
}

function damageOf(thing: Thing, found: FoundNetwork): string | undefined {
  const link = 'name' in thing ? found.links.get(thing.name) : undefined;
  const damage = damageOfLink(thing, link);
  if (damage !== undefined) return damage === '' ? undefined : damage;
  switch (thing.is) {
    case 'route':
      return found.routes.has(`${single(thing.what)} dev ${thing.name}`)
        ? undefined
        : `the route to ${thing.what} over ${thing.name} is missing`;
    case 'proxy':
      return found.proxies.has(`${thing.what} dev ${thing.name}`)
        ? undefined
        : `${thing.name} does not announce ${thing.what} any longer`;
    case 'vlan':
      return found.vlans.has(`${thing.name} ${thing.vlan}`)
        ? undefined
        : `${thing.name} is not in VLAN ${thing.vlan} any longer`;
    case 'setting': {
      const value = found.settings.get(thing.name);
      return value === undefined || value === thing.value
        ? undefined
        : `${thing.name} is ${value}, not ${thing.value}`;
    }
    case 'table':
      return damageOfTable(thing, found);
    default:
      return undefined;
  }
}

/** '' for an interface as planned; undefined for things that are not properties of an interface. */
function damageOfLink(thing: Thing, link: FoundLink | undefined): string | undefined {
  const unless = (isWell: boolean | undefined, text: string) => (isWell === true ? '' : text);
  switch (thing.is) {
    case 'link':
      if (!link) return `the interface ${thing.name} is missing`;
      return unless(
        thing.alias === undefined || thing.alias === link.alias,
        `the interface ${thing.name} is not the one of umlmon: its alias is ${link.alias || 'empty'}`,
      );
    case 'up':
      return unless(link?.isUp, `the interface ${thing.name} is down`);
    case 'promiscuous':
      return unless(link?.isPromiscuous, `the interface ${thing.name} is not promiscuous`);
    case 'isolated':
      return unless(link?.isIsolated, `the port ${thing.name} is not isolated`);
    case 'address':
      return unless(
        link?.addresses.includes(thing.what),
        `the address ${thing.what} of ${thing.name} is missing`,
      );
    case 'port':
      return unless(
        link?.master === thing.bridge,
        `the interface ${thing.name} is ${link?.master ? `in ${link.master}` : 'in no bridge'}, not in ${thing.bridge}`,
      );
    default:
      return undefined;
  }
}

function damageOfTable(
  { family, table, chains }: Extract<Thing, { is: 'table' }>,
  { tables }: FoundNetwork,
): string | undefined {
  const found = tables.get(`${family} ${table}`);
  if (!found) return `the nftables table ${family} ${table} is missing`;
  if (!chains) return undefined;
  const names = new Set([...chains.keys(), ...found.keys()]);
  const other = [...names].find((name) => chains.get(name) !== found.get(name));
  if (other === undefined) return undefined;
  const [is, was] = [found, chains].map((one) => one.get(other));
  return `the nftables table ${family} ${table} was changed: its chain ${other} has ${is ?? 'no'} rules, not ${was ?? 'any'}`;
}

/** ip(8) leaves the length of a single address out. */
function single(prefix: string): string {
  return prefix.replace(prefix.includes(':') ? /\/128$/ : /\/32$/, '');
}
