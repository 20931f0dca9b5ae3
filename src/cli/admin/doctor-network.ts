/** What doctor finds out about the host's side of the networks of VMs. */
import { driftOf } from '../../network/drift.ts';
import { lookAtNeeded } from '../../network/found-network.ts';
import { type Need, needsOfRecord } from '../../network/needs.ts';
import { ownNamespace, type RecordPlace, readRecord } from '../../network/network-record.ts';
import { locateProgram } from '../../system/find-program.ts';
import type { TroubleFact } from './doctor-checks.ts';

/**
 * Compares what running VMs have set up on the host, by their records, with what is there. Without root the records
 * cannot be read, and nothing is found. Errors: NETWORK_COMMAND.
 */
export async function lostOnHost(running: readonly RecordPlace[]): Promise<TroubleFact[]> {
  const [ip, bridge, nft] = ['ip', 'bridge', 'nft'].map((name) => locateProgram(name));
  if (ip === undefined || bridge === undefined) return [];
  const needs = running.flatMap((place): { vm: string; needs: Need[] }[] => {
    const record = readRecord(place);
    // What is in another network namespace cannot be seen from here.
    if (!record || record.namespace !== ownNamespace()) return [];
    const all = needsOfRecord(place, record);
    return [
      { vm: place.vm, needs: nft === undefined ? all.filter(({ thing }) => thing.is !== 'table') : all },
    ];
  });
  if (needs.length === 0) return [];
  const programs = { ip, bridge, ...(nft === undefined ? {} : { nft }) };
  const found = await lookAtNeeded(
    programs,
    needs.flatMap((one) => one.needs),
  );
  return needs.flatMap((one) =>
    driftOf(one.needs, found).map(({ need, text }) => ({ vm: one.vm, text, fix: need.cure })),
  );
}
