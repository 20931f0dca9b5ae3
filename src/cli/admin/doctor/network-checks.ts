/** What doctor finds out about the host's side of the networks of VMs. */
import type { VmConfig } from '../../../config/config.ts';
import { findPortConflicts } from '../../../network/host/find-listeners.ts';
import { takenText } from '../../../network/host/listener.ts';
import { ownNamespace, type RecordPlace, readNetworkRecord } from '../../../network/network-record.ts';
import { driftOf } from '../../../network/watch/drift.ts';
import { lookAtNeeded } from '../../../network/watch/found-network.ts';
import { type Need, needsOfRecord } from '../../../network/watch/needs.ts';
import { toFailure } from '../../../system/errors/errors.ts';
import { locateProgram } from '../../../system/processes/find-program.ts';
import type { WarningFact } from './checks.ts';

/**
 * Compares what running VMs have set up on the host, by their records, with the network of the host. Without root the records
 * cannot be read, and nothing is found. A host that cannot be inspected is a warning of each of these VMs.
 */
export async function lostOnHost(running: readonly RecordPlace[]): Promise<WarningFact[]> {
  const [ip, bridge, nft] = ['ip', 'bridge', 'nft'].map((name) => locateProgram(name));
  if (ip === undefined || bridge === undefined) return [];
  const needs = running.flatMap((place): { vm: string; needs: Need[] }[] => {
    const record = readNetworkRecord(place);
    // What is in another network namespace cannot be seen from here.
    if (!record || record.namespace !== ownNamespace()) return [];
    const all = needsOfRecord(place, record);
    const lookable = nft === undefined ? all.filter(({ thing }) => thing.is !== 'table') : all;
    return lookable.length === 0 ? [] : [{ vm: place.vm, needs: lookable }];
  });
  if (needs.length === 0) return [];
  const programs = { ip, bridge, ...(nft === undefined ? {} : { nft }) };
  try {
    const found = await lookAtNeeded(
      programs,
      needs.flatMap((one) => one.needs),
    );
    return needs.flatMap((one) =>
      driftOf(one.needs, found).map(({ need, text }) => ({ vm: one.vm, text, fix: need.cure })),
    );
  } catch (error) {
    const { place, cause, hint } = toFailure(error);
    const text = `its network on the host could not be inspected: ${place}: ${cause}`;
    return needs.map(({ vm }) => ({ vm, text, fix: hint }));
  }
}

/** Programs of the host that listen at ports that running VMs forward: rules of nat take these from them. */
export async function listenersBehindForwards(running: readonly VmConfig[]): Promise<WarningFact[]> {
  const ports = running.flatMap(({ name, eth }) =>
    eth.flatMap((spec) =>
      spec.kind === 'nat'
        ? (spec.forward ?? []).map((forward) => ({
            vm: name,
            port: { ...forward, family: spec.subnet.family },
          }))
        : [],
    ),
  );
  const conflicts = await findPortConflicts(ports.map(({ port }) => port));
  return conflicts.flatMap(({ port, listener, owner }) => {
    const vm = ports.find((one) => one.port === port)?.vm;
    const text = `${takenText(port, listener, owner)}, and receives only traffic to the loopback address`;
    return vm === undefined ? [] : [{ vm, text, fix: 'change the port of that program or of the VM' }];
  });
}
