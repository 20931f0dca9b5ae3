/** Rules of other programs that stop the traffic of a VM, and the rule that would let it through. Pure. */

import type { InterfacePlan } from '../plan/interface-plan.ts';
import type { GuestFlow, Ways } from './guest-flows.ts';
import { flowsOf } from './guest-flows.ts';
import { type Chain, chainKey, type Ruleset } from './ruleset.ts';
import { type Stop, stopsOf } from './walk-rules.ts';

export interface Obstacle {
  /** Number of the interface. */
  readonly unit: number;
  /** `eth0: the chain FORWARD of the nftables table ip filter drops what the guest sends (policy drop)` */
  readonly what: string;
  /** Commands that let it through. */
  readonly cure: string;
}

/** One for each interface and chain. */
export function obstaclesOf(rules: Ruleset, interfaces: readonly InterfacePlan[], ways: Ways): Obstacle[] {
  return interfaces.flatMap((plan) => {
    const stopped = new Map<string, { stop: Stop; flows: GuestFlow[] }>();
    for (const one of flowsOf(plan, ways)) {
      for (const stop of stopsOf(rules, one.flow, one.hooks)) {
        const { family, table, name } = stop.chain;
        if (one.families?.includes(family) === false || (!one.families && family === 'bridge')) continue;
        const key = `${stop.chain.by} ${family} ${table} ${name}`;
        const known = stopped.get(key);
        stopped.set(key, { stop: known?.stop ?? stop, flows: [...(known?.flows ?? []), one] });
      }
    }
    return [...stopped.values()].map(({ stop, flows }) => ({
      unit: plan.unit,
      what: `eth${plan.unit}: ${textOf(stop, flows)}`,
      cure: cureOf(rules, stop.chain, flows),
    }));
  });
}

function textOf({ chain, by, isSure }: Stop, flows: readonly GuestFlow[]): string {
  const { family, table, name } = chain;
  const place =
    chain.by === 'nftables' ? `the nftables table ${family} ${table}` : `the table ${table} of ${chain.by}`;
  const what = [...new Set(flows.map((one) => one.what))];
  const list = what.length > 1 ? `${what.slice(0, -1).join(', ')} and ${what.at(-1)}` : (what[0] ?? '');
  const why = by === 'policy' ? `policy ${chain.policy}` : 'by a rule';
  const unless = isSure ? '' : '; unless a rule that umlmon does not understand accepts it';
  return `the chain ${name} of ${place} drops ${list} (${why})${unless}`;
}

function cureOf(rules: Ruleset, chain: Chain, flows: readonly GuestFlow[]): string {
  const { family, table, by } = chain;
  const wanted = [...new Map(flows.map((one) => [`${one.by} ${one.end}`, one])).values()];
  const each = (command: (one: GuestFlow) => string) => wanted.map(command).join('; ');
  const names = [...rules.values()]
    .filter((one) => one.family === family && one.table === table)
    .map((one) => one.name);
  if (table === 'firewalld')
    return each(({ end }) => trust(end))
      .split('; ')
      .filter(isFirst)
      .join('; ');
  if (by === 'nftables' && names.some((name) => /^ufw6?-/.test(name)))
    return each(
      (one) =>
        `ufw ${one.hooks.includes('forward') ? 'route ' : ''}allow ${one.by === 'iif' ? 'in' : 'out'} on ${one.end}`,
    );
  const user = chainKey(chain, 'DOCKER-USER');
  const target =
    rules.has(user) && chain.name !== 'DOCKER-USER' && isForwarding(wanted) ? 'DOCKER-USER' : chain.name;
  if (by !== 'nftables')
    return each(
      (one) => `${by} -t ${table} -I ${target} ${one.by === 'iif' ? '-i' : '-o'} ${one.end} -j ACCEPT`,
    );
  return each(
    (one) => `nft insert rule ${family} ${table} ${target} ${one.by}name ${nftName(one.end)} accept`,
  );
}

/** For nft(8) in a shell: a name of letters alone may be a keyword of nft. */
function nftName(name: string): string {
  return /^[a-z]+[-_]?[0-9][\w-]*$/i.test(name) || name.includes('-') ? name : `'"${name}"'`;
}

function isForwarding(flows: readonly GuestFlow[]): boolean {
  return flows.every(({ hooks }) => hooks.includes('forward'));
}

/** The names of our bridges and taps stay the same, so that this lasts. */
function trust(end: string): string {
  return `firewall-cmd --permanent --zone=trusted --add-interface=${end}; firewall-cmd --reload`;
}

function isFirst(command: string, at: number, all: readonly string[]): boolean {
  return all.indexOf(command) === at;
}
