/** Makes the networks that several VMs share, and removes those that no VM is in any more. */
import { type Forward, forwardText } from '../config/networks/shared.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { findProgram } from '../system/processes/find-program.ts';
import { listLinks } from './host/host-network.ts';
import { countRules } from './host/ip-answers.ts';
import { askRules, runCommands, runRules } from './host/run-ip.ts';
import { type NetworkRecord, otherRecords, ownNamespace, type RecordPlace } from './network-record.ts';
import { type Demands, isSameNetwork } from './plan/host-resources.ts';
import { planForwards } from './plan/nat-plan.ts';
import { type SharedPlan, traceOf } from './plan/shared-plan.ts';
import { type Ip, removeMarked } from './remove-marked.ts';
import { chainsIn, tablesIn } from './rules/rules-text.ts';

/** Whose forwarded ports they are. */
export function forwarderOf({ directory, vm }: RecordPlace): { vm: string; owner: string } {
  return { vm, owner: directory };
}

/**
 * Whether VMs that run, or that were killed and not yet cleaned up, say otherwise of a network, or have a port.
 *
 * @throws UmlmonError NETWORK_IN_USE
 */
export function refuseConflicts(
  place: RecordPlace,
  shared: readonly SharedPlan[],
  forwards: readonly Pick<Forward, 'protocol' | 'hostPort'>[],
): void {
  const wanted = new Set(forwards.map(forwardText));
  for (const { vm, record } of neighbours(place, ownNamespace())) {
    const refuse = (cause: string) => {
      const hint = `change one of the two; if ${vm} does not run: umlmon -cleanup ${vm}`;
      return new UmlmonError('NETWORK_IN_USE', { place: place.vm, cause, hint });
    };
    for (const one of shared) {
      const other = record.shared.find((use) => isSameNetwork(use, one));
      if (other && other.terms !== one.terms)
        throw refuse(`${vm} says ${other.terms} of the ${one.kind} ${one.network}, and this VM ${one.terms}`);
    }
    const taken = record.forwards.find((port) => wanted.has(port));
    if (taken !== undefined) throw refuse(`${taken} is forwarded to ${vm}`);
  }
}

/** Whether other interfaces of the VM say otherwise of a network, or have a port. Errors: NETWORK_IN_USE. */
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
        `another interface says ${other.terms} of the ${one.kind} ${one.network}, not ${one.terms}`,
      );
  }
  const taken = forwards.map(forwardText).find((port) => record.forwards.includes(port));
  if (taken !== undefined) throw refuse(`${taken} is forwarded to another interface`);
}

/**
 * The rules are set anew for a network that is there without them, as the host may have lost them when it reloaded its
 * own; not for a network that has them: the monitors of all its VMs would look at them.
 */
export function makeShared(
  { place, ip, nft, turn }: Ip & { readonly place: RecordPlace; readonly nft: string },
  { how, ...name }: SharedPlan,
): void {
  const isUsed = neighbours(place, ownNamespace()).some(({ record }) =>
    record.shared.some((use) => isSameNetwork(use, name)),
  );
  // One that nobody is in was left by a crash, and may be half of one.
  if (!isUsed) removeMarked({ ip, turn }, [{ alias: how.alias, temporary: how.bridge }]);
  const isThere = listLinks(ip).some(({ alias }) => alias === how.alias);
  if (!isThere) runCommands({ program: ip, turn }, how.make);
  if (!isThere || !hasRules(nft, how.rules)) runRules({ program: nft, turn }, how.rules);
  if (!isThere) runCommands({ program: ip, turn }, how.open);
}

function hasRules(nft: string, rules: string): boolean {
  const all = tablesIn(rules).flatMap(({ family, table }) => {
    const answer = askRules(nft, ['list', 'table', family, table]);
    const found = answer === undefined ? undefined : countRules(answer).get(`${family} ${table}`);
    return found ? [found] : [];
  });
  const wanted = [...chainsIn(rules)];
  return all.some(
    (found) => found.size === wanted.length && wanted.every(([name, count]) => found.get(name) === count),
  );
}

/** Networks without any other VM, and the forwarded ports of this one; returns what was removed, for people. */
export function releaseShared(
  place: RecordPlace,
  { namespace, shared, forwards }: NetworkRecord,
  { ip, turn }: Ip,
): string[] {
  if (shared.length === 0) return [];
  const others = neighbours(place, namespace);
  const unused = shared.filter(
    (one) => !others.some(({ record }) => record.shared.some((use) => isSameNetwork(use, one))),
  );
  const program = findProgram('nft', 'nftables');
  const bridges = unused.flatMap((one) => {
    const { alias, bridge, forget } = traceOf(one, place.directory);
    const removed = removeMarked({ ip, turn }, [{ alias, temporary: bridge }]);
    runRules({ program, turn }, forget);
    return removed.map((name) => `${name === bridge ? 'bridge' : 'link'} ${name}`);
  });
  if (forwards.length > 0) runRules({ program, turn }, planForwards(forwarderOf(place), []).forget);
  return [...bridges, ...forwards.map((port) => `forwarding of ${port}`)];
}

function neighbours(place: RecordPlace, namespace: string) {
  return otherRecords(place).filter(({ record }) => record.namespace === namespace);
}
