import { readFile } from 'node:fs/promises';
import { locateProgram } from '../../system/processes/find-program.ts';
import { askNetwork } from '../host/run-ip.ts';
import type { InterfacePlan } from '../plan/interface-plan.ts';
import type { FoundNetwork } from '../watch/found-network.ts';
import { flowsOf } from './guest-flows.ts';
import { parseLegacyRules } from './legacy-rules.ts';
import { type Obstacle, obstaclesOf } from './obstacles.ts';
import { type Chain, parseRuleset } from './ruleset.ts';

/**
 * What stops the traffic of these interfaces among the rules of other programs. The tables of older iptables are read
 * too; where their program is missing, that is an obstacle that may be.
 *
 * @param found the host as it is, with its rules
 * @throws UmlmonError NETWORK_COMMAND
 */
export async function findObstacles(
  { rules, ways }: Pick<FoundNetwork, 'rules' | 'ways'>,
  interfaces: readonly InterfacePlan[],
): Promise<Obstacle[]> {
  const concerned = interfaces.filter((plan) => flowsOf(plan, ways).length > 0);
  const [first] = concerned;
  if (!first) return [];
  const legacy = await Promise.all([readLegacy('ip'), readLegacy('ip6')]);
  const unread = legacy.flatMap((one) => ('missing' in one ? [one.missing] : []));
  const chains = legacy.flatMap((one) => ('missing' in one ? [] : [...one.chains]));
  // A table of each may have the same name: they do not jump to each other.
  const [current, older] = [parseRuleset(rules), new Map(chains)];
  return [
    ...obstaclesOf(current, concerned, ways),
    ...obstaclesOf(older, concerned, ways),
    ...unread.map((program) => ({
      unit: first.unit,
      what: `eth${first.unit}: there are rules of ${program}, which umlmon cannot read: they may drop what the guest sends`,
      cure: `${program} -S FORWARD`,
    })),
  ];
}

type Legacy = { readonly chains: ReadonlyMap<string, Chain> } | { readonly missing: string };

/** Tables that drop packets in an ordinary set-up. */
const dropping = /^(?:filter|raw|mangle|security)$/m;

async function readLegacy(family: 'ip' | 'ip6'): Promise<Legacy> {
  const program = family === 'ip' ? 'iptables-legacy' : 'ip6tables-legacy';
  // Without the modules of older iptables there is no such file.
  const names = await readFile(`/proc/net/${family}_tables_names`, 'latin1').catch(() => '');
  if (!dropping.test(names)) return { chains: new Map() };
  const save = locateProgram(`${program}-save`);
  if (save === undefined) return { missing: program };
  return { chains: parseLegacyRules(family, await askNetwork(save, [])) };
}
