/** The networks that umlmon makes itself, as the record of a VM names them. Pure. */

import type { NetworkSpec } from '../../config/networks/kinds.ts';
import { linkOf, termsOf } from '../../config/networks/shared.ts';
import { type PortForward, planNat } from './nat-plan.ts';
import { type PrivateBridgePlan, planPrivateBridge } from './private-bridge-plan.ts';

export type SharedSpec = Extract<NetworkSpec, { kind: 'network' | 'nat' }>;

/** Identifies a network among those of an installation of umlmon. */
export interface SharedName {
  readonly kind: 'network' | 'nat';
  readonly network: string;
}

export interface SharedPlan extends SharedName {
  /** The settings that all of its VMs must have in common, as text. */
  readonly terms: string;
  readonly how: PrivateBridgePlan;
}

/**
 * @param owner distinguishes the umlmons of a host: the directory of their records
 * @param ipv6 whether the host has it
 */
export function planShared(spec: SharedSpec, owner: string, ipv6: boolean): SharedPlan {
  const { kind, name: network } = spec;
  const terms = termsOf(spec);
  if (spec.kind === 'network') {
    const link = linkOf(spec);
    const request = { network, owner, hub: spec.hub === true, ipv6, ...(link ? { link } : {}) };
    return { kind, network, terms, how: planPrivateBridge(request) };
  }
  const reachHost = spec.reach_host === true;
  return { kind, network, terms, how: planNat({ network, owner, subnets: [spec.subnet], reachHost }) };
}

/** The traces of a network that follow from its name: enough to find and to remove it. */
export function traceOf(
  { kind, network }: SharedName,
  owner: string,
): Pick<PrivateBridgePlan, 'bridge' | 'alias' | 'forget'> {
  return kind === 'network'
    ? planPrivateBridge({ network, owner })
    : planNat({ network, owner, subnets: [] });
}

export function forwardsOf(spec: SharedSpec): PortForward[] {
  if (spec.kind === 'network' || spec.guest_addr === undefined) return [];
  const { guest_addr: guestAddress, subnet } = spec;
  return (spec.forward ?? []).map((forward) => ({ ...forward, family: subnet.family, guestAddress }));
}
