/** Makes the networks that several VMs share, and removes those without any VM. */
import { type Forward, forwardText } from '../config/networks/shared.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { findProgram } from '../system/processes/find-program.ts';
import type { HostLink } from './host/host-network.ts';
import { countRules } from './host/ip-answers.ts';
import { askRules, runCommands, runRules } from './host/run-ip.ts';
import type { NetworkRecord, OtherRecord, RecordPlace } from './network-record.ts';
import { type Demands, isSameNetwork } from './plan/host-resources.ts';
import { forwarderOf, planForwards } from './plan/nat-plan.ts';
import { type SharedPlan, traceOf } from './plan/shared-plan.ts';
import { type Ip, removeMarked } from './remove-marked.ts';
import { chainsIn, tablesIn } from './rules/rules-text.ts';

/**
 * Refuses a network for which another VM has other settings, and a port that another VM has. The other VM runs, or was
 * killed and not yet cleaned up.
 *
 * @throws UmlmonError NETWORK_IN_USE
 */
export function refuseConflicts(
  place: RecordPlace,
  others: readonly OtherRecord[],
  {
    shared,
    forwards,
  }: {
    readonly shared: readonly SharedPlan[];
    readonly forwards: readonly Pick<Forward, 'protocol' | 'hostPort'>[];
  },
): void {
  const wanted = new Set(forwards.map(forwardText));
  for (const { vm, record } of others) {
    const refuse = (cause: string) => {
      const hint = `change one of the two; if ${vm} does not run: umlmon -cleanup ${vm}`;
      return new UmlmonError('NETWORK_IN_USE', { place: place.vm, cause, hint });
    };
    for (const one of shared) {
      const other = record.shared.find((use) => isSameNetwork(use, one));
      if (other && other.terms !== one.terms)
        throw refuse(
          `${vm} has the ${one.kind} ${one.network} with ${other.terms}, and this VM with ${one.terms}`,
        );
    }
    const taken = record.forwards.find((port) => wanted.has(port));
    if (taken !== undefined) throw refuse(`${taken} is forwarded to ${vm}`);
  }
}

/** Refuses the same of other interfaces of the VM itself. Errors: NETWORK_IN_USE. */
export function refuseOwnConflicts(
  { vm }: RecordPlace,
  record: NetworkRecord,
  { shared, forwards }: Pick<Demands, 'shared' | 'forwards'>,
): void {
  const refuse = (cause: string) =>
    new UmlmonError('NETWORK_IN_USE', { place: vm, cause, hint: 'change one of the two interfaces' });
  for (const one of shared) {
    const other = record.shared.find((use) => isSameNetwork(use, one));
    if (other && other.terms !== one.terms)
      throw refuse(
        `another interface has the ${one.kind} ${one.network} with ${other.terms}, and this one with ${one.terms}`,
      );
  }
  const taken = forwards.map(forwardText).find((port) => record.forwards.includes(port));
  if (taken !== undefined) throw refuse(`${taken} is forwarded to another interface`);
}

interface Making extends Ip {
  /** Records of the other VMs. */
  readonly others: readonly OtherRecord[];
  readonly nft: string;
  /** Those of the host, listed under the lock. */
  readonly links: readonly Pick<HostLink, 'name' | 'alias'>[];
}

/**
 * Makes a network that is missing. The rules of an existing network are set only if they are missing, for example
 * because the host has reloaded its own. The monitors of all its VMs compare the rules after each change.
 */
export async function makeShared(
  { others, ip, nft, lock, links }: Making,
  { how, ...name }: SharedPlan,
): Promise<void> {
  const isUsed = others.some(({ record }) => record.shared.some((use) => isSameNetwork(use, name)));
  // A crash may have left a part of a network without any VM.
  if (!isUsed) await removeMarked({ ip, lock }, [{ alias: how.alias, temporary: how.bridge }], links);
  const isThere = isUsed && links.some(({ alias }) => alias === how.alias);
  if (!isThere) await runCommands({ program: ip, lock }, how.make);
  if (!isThere || !(await hasRules(nft, how.rules))) await runRules({ program: nft, lock }, how.rules);
  if (!isThere) await runCommands({ program: ip, lock }, how.open);
}

async function hasRules(nft: string, rules: string): Promise<boolean> {
  const answers = await Promise.all(
    tablesIn(rules).map(async ({ family, table }) => {
      const answer = await askRules(nft, ['list', 'table', family, table]);
      return answer === undefined ? undefined : countRules(answer).get(`${family} ${table}`);
    }),
  );
  const wanted = [...chainsIn(rules)];
  return answers
    .filter((found) => found !== undefined)
    .some(
      (found) => found.size === wanted.length && wanted.every(([name, count]) => found.get(name) === count),
    );
}

/** Removes networks without any other VM, and the forwarded ports of this one. Returns what it has removed, as readable text. */
export async function releaseShared(
  place: RecordPlace,
  { shared, forwards }: NetworkRecord,
  others: readonly OtherRecord[],
  { ip, lock }: Ip,
): Promise<string[]> {
  if (shared.length === 0) return [];
  const unused = shared.filter(
    (one) => !others.some(({ record }) => record.shared.some((use) => isSameNetwork(use, one))),
  );
  const program = findProgram('nft', 'nftables');
  const bridges: string[] = [];
  for (const one of unused) {
    const { alias, bridge, forget } = traceOf(one, place.directory);
    const removed = await removeMarked({ ip, lock }, [{ alias, temporary: bridge }]);
    await runRules({ program, lock }, forget);
    bridges.push(...removed.map((name) => `${name === bridge ? 'bridge' : 'link'} ${name}`));
  }
  if (forwards.length > 0) await runRules({ program, lock }, planForwards(forwarderOf(place), []).forget);
  return [...bridges, ...forwards.map((port) => `forwarding of ${port}`)];
}
