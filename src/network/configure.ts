/** Sets up the network of a VM on the host. */
import { chownSync, closeSync, constants, openSync, rmSync } from 'node:fs';
import { forwardText } from '../config/networks/shared.ts';
import { toFailure, UmlmonError } from '../system/errors/errors.ts';
import { makeCharacterDevice } from '../system/native/native.ts';
import { amongAnnouncements, listLinks } from './host/host-network.ts';
import { runCommands, runRules } from './host/run-ip.ts';
import { withNetworkLock } from './network-lock.ts';
import type { NetworkPrograms } from './network-programs.ts';
import {
  emptyRecord,
  neighbourRecords,
  ownNamespace,
  type RecordPlace,
  readNetworkRecord,
  writeRecord,
} from './network-record.ts';
import { isSameAnnouncement } from './plan/announcement.ts';
import { demandsOf, isSameNetwork } from './plan/host-resources.ts';
import type { InterfacePlan } from './plan/interface-plan.ts';
import { readGeneral, readSetting, writeSetting } from './plan/kernel-settings.ts';
import { forwarderOf, planForwards } from './plan/nat-plan.ts';
import { releaseLocked } from './release.ts';
import { removeMarked } from './remove-marked.ts';
import { makeShared, refuseConflicts, refuseOwnConflicts } from './shared-networks.ts';

/** A VM's own /dev/net/tun, which its kernel opens, and its owner. */
export interface TunDevice {
  readonly path: string;
  readonly uid: number;
  /** `host`: the jail gets the device of the host, mounted at this path. */
  readonly from: 'own' | 'host';
}

/** Numbers of /dev/net/tun (admin-guide/devices.txt). */
const TUN = { major: 10, minor: 200 } as const;

/**
 * Makes interfaces, addresses, routes and settings of a plan. Before that it removes leftovers of an earlier start of the
 * VM: the caller ensures that no kernel of the VM lives. After a failure `releaseNetwork` removes what has been made.
 *
 * @throws UmlmonError NETWORK_COMMAND, NETWORK_IN_USE, HOST_SYSTEM_CALL
 */
export async function configureNetwork(
  place: RecordPlace,
  programs: NetworkPrograms,
  interfaces: readonly InterfacePlan[],
  device: TunDevice,
): Promise<void> {
  await withNetworkLock(place, async (lock) => {
    await releaseLocked(place, { ip: programs.ip, lock }, device.path);
    await extend({ place, ...programs, lock }, { interfaces, before: [], device });
  });
}

/**
 * Does so for one more interface, beside those `before` it, which exist. After a failure `shrinkNetwork` removes what has
 * been made.
 *
 * @param assertWanted throws if the VM has ended while another monitor held the lock
 * @throws UmlmonError NETWORK_COMMAND, NETWORK_IN_USE; what `assertWanted` throws
 */
export async function extendNetwork(
  place: RecordPlace,
  programs: NetworkPrograms,
  plan: InterfacePlan,
  { before, assertWanted }: { readonly before: readonly InterfacePlan[]; readonly assertWanted: () => void },
): Promise<void> {
  await withNetworkLock(place, async (lock) => {
    assertWanted();
    await extend({ place, ...programs, lock }, { interfaces: [plan], before });
  });
}

interface Extension {
  readonly interfaces: readonly InterfacePlan[];
  readonly before: readonly InterfacePlan[];
  /** To be made if an interface needs it. */
  readonly device?: TunDevice;
}

type Making = NetworkPrograms & { readonly place: RecordPlace; readonly lock: number };

async function extend(
  { place, ip, bridge, nft, lock }: Making,
  { interfaces, before, device }: Extension,
): Promise<void> {
  const { taps, shared, forwards, settings, announced } = demandsOf(interfaces);
  const all = demandsOf([...before, ...interfaces]);
  const record = readNetworkRecord(place) ?? emptyRecord(ownNamespace());
  const others = await neighbourRecords(place, ownNamespace());
  refuseConflicts(place, others, { shared, forwards });
  refuseOwnConflicts(place, record, { shared, forwards });
  const [links, there] = await Promise.all([listLinks(ip), amongAnnouncements(ip, announced)]);
  await removeMarked({ ip, lock }, taps, links);
  const fresh = announced.filter((one) => !there.some((other) => isSameAnnouncement(one, other)));
  const needed = settings.filter(({ name }) => !record.settings.some((one) => one.name === name));
  const joined = shared.filter((one) => !record.shared.some((use) => isSameNetwork(use, one)));
  writeRecord(place, {
    ...record,
    interfaces: [
      ...record.interfaces.filter(({ alias }) => !taps.some((tap) => tap.alias === alias)),
      ...taps.map(({ name, temporary, alias }) => ({ name, temporary, alias })),
    ],
    announced: [...record.announced, ...fresh],
    settings: [
      ...record.settings,
      ...needed.map(({ name, value }) => ({
        name,
        value,
        before: readSetting(name) ?? value,
        general: readGeneral(name),
      })),
    ],
    shared: [...record.shared, ...joined.map(({ kind, network, terms }) => ({ kind, network, terms }))],
    forwards: all.forwards.map(forwardText),
    tables: all.rules.map(({ family, table }) => ({ family, table })),
    links: all.links,
  });
  if (device && interfaces.some(({ needs }) => needs.devices.length > 0)) makeDevice(device);
  if (nft) for (const one of joined) await makeShared({ others, ip, nft, lock, links }, one);
  await runCommands({ program: ip, lock }, [
    ...interfaces.flatMap(({ make }) => make),
    ...fresh.map(({ address, on }) => ['neighbour', 'add', 'proxy', address, 'dev', on]),
  ]);
  await runCommands(
    { program: bridge, lock },
    interfaces.flatMap((plan) => plan.join),
  );
  // The rules of a veth pair need the pair (connect-veth.ts).
  const rules = interfaces.flatMap((plan) => (plan.leg ? [] : plan.rules));
  if (nft) for (const one of rules) await runRules({ program: nft, lock }, one.rules);
  if (nft && forwards.length > 0)
    await runRules({ program: nft, lock }, planForwards(forwarderOf(place), all.forwards).rules);
  for (const setting of [...interfaces.flatMap(({ own }) => own), ...needed]) {
    const now = readSetting(setting.name);
    // Undefined: its interface was removed after the plan was made.
    if (now !== undefined && now !== setting.value) writeSetting(setting);
  }
}

/** Opens it, too: a kernel that cannot open it reports that only in the guest. */
function makeDevice({ path, uid, from }: TunDevice): void {
  // A crash of the host may have left one.
  rmSync(path, { force: true });
  makeCharacterDevice(path, TUN.major, TUN.minor);
  chownSync(path, uid, 0);
  if (from === 'host') return;
  try {
    closeSync(openSync(path, constants.O_RDWR));
  } catch (error) {
    throw new UmlmonError('NETWORK_HOST', {
      place: path,
      cause: `the new device cannot be opened: ${toFailure(error).cause}`,
      hint: 'put vardir on a file system that is mounted without nodev',
    });
  }
}
