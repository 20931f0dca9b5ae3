/** Removes what umlmon has set up on the host for the network of a VM. */

import { rmSync } from 'node:fs';
import { findProgram } from '../system/processes/find-program.ts';
import { amongAnnouncements } from './host/host-network.ts';
import { runCommands, runRules } from './host/run-ip.ts';
import { withNetworkLock } from './network-lock.ts';
import { networkPrograms } from './network-programs.ts';
import {
  type NetworkRecord,
  neighbourRecords,
  type OtherRecord,
  ownNamespace,
  type RecordPlace,
  readNetworkRecord,
  removeRecord,
  writeRecord,
} from './network-record.ts';
import { disconnectUser } from './pasta-link.ts';
import { demandsOf, splitRecord } from './plan/host-resources.ts';
import type { InterfacePlan } from './plan/interface-plan.ts';
import { type KernelSetting, readGeneral, readSetting, writeSetting } from './plan/kernel-settings.ts';
import { forwarderOf, type PortForward, planForwards } from './plan/nat-plan.ts';
import { forgetTable } from './plan/private-bridge-plan.ts';
import { type Ip, removeMarked } from './remove-marked.ts';
import { releaseShared } from './shared-networks.ts';

/**
 * Removes what umlmon has set up for a VM, and nothing else. Taps are identified by their mark. Settings are restored only
 * if they still have the value of umlmon. What another VM needs, too, stays until that VM is released.
 *
 * @returns what was removed, as readable text; empty if there was nothing
 * @throws UmlmonError NETWORK_COMMAND; the record stays, for another try
 */
export async function releaseNetwork(place: RecordPlace, tunDevice: string): Promise<string[]> {
  if (!readNetworkRecord(place)) return [];
  const { ip } = networkPrograms({ rules: false, legs: false, user: false });
  return withNetworkLock(place, (lock) => releaseLocked(place, { ip, lock }, tunDevice));
}

/**
 * Removes what an interface that no longer exists had for itself.
 *
 * @param left the other interfaces of the VM
 * @returns as `releaseNetwork`
 * @throws UmlmonError NETWORK_COMMAND; the record stays as it is, for another try
 */
export async function shrinkNetwork(place: RecordPlace, left: readonly InterfacePlan[]): Promise<string[]> {
  const { ip } = networkPrograms({ rules: false, legs: false, user: false });
  return withNetworkLock(place, async (lock) => {
    const record = readNetworkRecord(place);
    if (record === undefined || record.namespace !== ownNamespace()) return [];
    const demands = demandsOf(left);
    const { kept, surplus } = splitRecord(record, demands);
    const forwards = surplus.forwards.length > 0 ? await replaceForwards(place, demands.forwards, lock) : [];
    const released = await releaseRecorded(place, { ...surplus, forwards: [] }, { ip, lock });
    writeRecord(place, kept);
    return [...released, ...forwards];
  });
}

async function replaceForwards(
  place: RecordPlace,
  left: readonly PortForward[],
  lock: number,
): Promise<string[]> {
  const program = findProgram('nft', 'nftables');
  const { rules, forget } = planForwards(forwarderOf(place), left);
  await runRules({ program, lock }, left.length > 0 ? rules : forget);
  return ['forwarding of ports'];
}

/** Does the work of `releaseNetwork` under the lock. */
export async function releaseLocked(place: RecordPlace, ip: Ip, tunDevice: string): Promise<string[]> {
  const record = readNetworkRecord(place);
  if (record === undefined) return [];
  const isHere = record.namespace === ownNamespace();
  const released = isHere ? await releaseRecorded(place, record, ip) : disconnectUsers(record);
  rmSync(tunDevice, { force: true });
  removeRecord(place);
  return released;
}

async function releaseRecorded(
  place: RecordPlace,
  record: NetworkRecord,
  { ip, lock }: Ip,
): Promise<string[]> {
  const links = disconnectUsers(record);
  if (record.tables.length > 0)
    await runRules(
      { program: findProgram('nft', 'nftables'), lock },
      record.tables.map(({ family, table }) => forgetTable(family, table)).join(''),
    );
  const taps = await removeMarked({ ip, lock }, record.interfaces);
  const others = await neighbourRecords(place, record.namespace);
  const shared = await releaseShared(place, record, others, { ip, lock });
  const announced = await amongAnnouncements(ip, record.announced);
  await runCommands(
    { program: ip, lock },
    announced.map(({ address, on }) => ['neighbour', 'del', 'proxy', address, 'dev', on]),
  );
  const settings = settingsToRestore(place, record, others);
  for (const setting of settings) writeSetting(setting);
  return [
    ...links,
    ...taps.map((name) => `interface ${name}`),
    ...shared,
    ...announced.map(({ address, on }) => `${address} announced on ${on}`),
    ...settings.map(({ name, value }) => `sysctl ${name}=${value}`),
  ];
}

/** Links are files: unlike everything else in a record, they outlive a boot of the host. */
function disconnectUsers({ links }: NetworkRecord): string[] {
  for (const link of links) disconnectUser(link);
  return links.map((link) => `pasta at ${link}`);
}

/**
 * The values to restore. A setting that another VM needs stays, and the record of that VM gets its earlier value.
 */
function settingsToRestore(
  place: RecordPlace,
  record: NetworkRecord,
  neighbours: readonly OtherRecord[],
): KernelSetting[] {
  const others = neighbours.map((other) => ({ ...other }));
  return record.settings.flatMap(({ name, value, before, general }) => {
    if (before === value) return [];
    const heir = others.find((other) => other.record.settings.some((setting) => setting.name === name));
    if (heir) {
      const settings = heir.record.settings.map((setting) =>
        setting.name === name ? { ...setting, before, general } : setting,
      );
      heir.record = { ...heir.record, settings };
      writeRecord({ ...place, vm: heir.vm }, heir.record);
      return [];
    }
    const untouched = readSetting(name) === value && readGeneral(name) === general;
    return untouched ? [{ name, value: before }] : [];
  });
}
