/** What a start of a VM with a network needs to know of the host's network. */
import type { VmConfig } from '../../config/config.ts';
import { isTransport } from '../../config/networks/kinds.ts';
import { transportNeeds } from '../../config/networks/transports.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { findPortConflicts, type PortConflict } from '../../network/host/find-listeners.ts';
import { type HostNetwork, lookAtHostNetwork } from '../../network/host/host-network.ts';
import type { Taken } from '../../network/host/listener.ts';
import { type NetworkPrograms, networkPrograms } from '../../network/network-programs.ts';
import { isConnected } from '../../network/pasta-link.ts';
import { userLink } from '../../network/plan/pasta-plan.ts';
import { type Found, findLater } from './found.ts';
import type { HostLook } from './host-look.ts';

export interface NetworkFacts extends HostNetwork {
  readonly programs: NetworkPrograms;
  /** Forwarded ports of the VM that programs of the host have. */
  readonly conflicts: readonly PortConflict[];
}

export async function lookAtNetwork(
  { eth }: VmConfig,
  { run }: VmLayout,
  look: HostLook,
): Promise<Found<NetworkFacts>> {
  const legs = eth.some((spec) => isTransport(spec) && transportNeeds(spec).network === 'own');
  const rules = legs || eth.some(({ kind }) => kind === 'network' || kind === 'nat');
  const needs = { rules, legs, user: eth.some(({ kind }) => kind === 'user') };
  const conflicts = await findPortConflicts(eth.flatMap((spec) => portsToHave(spec, run)));
  return findLater(async () => {
    const programs = look.once(`programs ${JSON.stringify(needs)}`, () => networkPrograms(needs));
    return { ...(await look.once('network', () => lookAtHostNetwork(programs.ip))), programs, conflicts };
  });
}

/** The forwarded ports of an interface, but not those that pasta has for the VM, which runs then. */
function portsToHave(spec: VmConfig['eth'][number], run: string): Taken[] {
  if (spec.kind === 'nat')
    return (spec.forward ?? []).map((forward) => ({ ...forward, family: spec.subnet.family }));
  if (spec.kind !== 'user' || isConnected(userLink(run, spec.unit))) return [];
  return (spec.forward ?? []).map((forward) => ({ ...forward, family: 'both' }));
}
