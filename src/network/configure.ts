/** Sets up the network of a VM on the host, and takes it back. */
import { chownSync, closeSync, constants, openSync, rmSync } from 'node:fs';
import { forwardText } from '../config/networks/shared.ts';
import { toFailure, UmlmonError } from '../system/errors/errors.ts';
import { makeCharacterDevice } from '../system/native/native.ts';
import { findProgram } from '../system/processes/find-program.ts';
import { disconnectUser } from './connect-pasta.ts';
import { type Announcement, listAnnouncements } from './host/host-network.ts';
import { runCommands, runRules } from './host/run-ip.ts';
import {
  emptyRecord,
  inTurn,
  type NetworkRecord,
  otherRecords,
  ownNamespace,
  type RecordPlace,
  readRecord,
  removeRecord,
  writeRecord,
} from './network-record.ts';
import { demandsOf, isSameAnnouncement, isSameNetwork, splitRecord } from './plan/host-resources.ts';
import type { InterfacePlan } from './plan/interface-plan.ts';
import { readGeneral, readSetting, type Setting, writeSetting } from './plan/kernel-settings.ts';
import { type PortForward, planForwards } from './plan/nat-plan.ts';
import { forgetTable } from './plan/private-bridge-plan.ts';
import { type Ip, removeMarked } from './remove-marked.ts';
import {
  forwarderOf,
  makeShared,
  refuseConflicts,
  refuseOwnConflicts,
  releaseShared,
} from './shared-networks.ts';

export interface NetworkPrograms {
  readonly ip: string;
  readonly bridge: string;
  /** Only for networks that umlmon makes itself. */
  readonly nft?: string;
  /** Only for kernels in a network namespace of their own. */
  readonly nsenter?: string;
  /** Only for networks without root. */
  readonly pasta?: string;
}

interface Wanted {
  readonly rules: boolean;
  readonly legs: boolean;
  readonly user: boolean;
}

/** Errors: HOST_PROGRAM_MISSING. */
export function networkPrograms(wanted: Wanted): NetworkPrograms {
  return {
    ip: findProgram('ip', 'iproute2'),
    bridge: findProgram('bridge', 'iproute2'),
    ...(wanted.rules ? { nft: findProgram('nft', 'nftables') } : {}),
    ...(wanted.user ? { pasta: findProgram('pasta', 'passt') } : {}),
    ...(wanted.legs || wanted.user ? { nsenter: findProgram('nsenter', 'util-linux') } : {}),
  };
}

/** Where a VM's own /dev/net/tun is, which its kernel opens, and whose it is. */
export interface TunDevice {
  readonly path: string;
  readonly uid: number;
  /** `host`: the jail gets that of the host, and the path is where it is mounted. */
  readonly from: 'own' | 'host';
}

/** Numbers of /dev/net/tun (admin-guide/devices.txt). */
const TUN = { major: 10, minor: 200 } as const;

/**
 * Makes interfaces, addresses, routes and settings of a plan. What a former start of the VM has left is removed first:
 * the caller has seen that no kernel of it lives. If this fails, `releaseNetwork` takes back what has been done.
 *
 * @throws UmlmonError NETWORK_COMMAND, NETWORK_IN_USE, HOST_SYSTEM_CALL
 */
export function configureNetwork(
  place: RecordPlace,
  programs: NetworkPrograms,
  interfaces: readonly InterfacePlan[],
  device: TunDevice,
): void {
  inTurn(place, (turn) => {
    release(place, { ip: programs.ip, turn }, device.path);
    extend({ place, ...programs, turn }, { interfaces, before: [], device });
  });
}

/**
 * Does so for an interface more, beside those `before` it, which are there. If this fails, `shrinkNetwork` takes back
 * what has been done.
 *
 * @throws UmlmonError NETWORK_COMMAND, NETWORK_IN_USE
 */
export function extendNetwork(
  place: RecordPlace,
  programs: NetworkPrograms,
  plan: InterfacePlan,
  before: readonly InterfacePlan[],
): void {
  inTurn(place, (turn) => extend({ place, ...programs, turn }, { interfaces: [plan], before }));
}

interface Extension {
  readonly interfaces: readonly InterfacePlan[];
  readonly before: readonly InterfacePlan[];
  /** To be made if an interface needs it. */
  readonly device?: TunDevice;
}

type Making = NetworkPrograms & { readonly place: RecordPlace; readonly turn: number };

function extend({ place, ip, bridge, nft, turn }: Making, { interfaces, before, device }: Extension): void {
  const { taps, shared, forwards, settings, announced } = demandsOf(interfaces);
  const all = demandsOf([...before, ...interfaces]);
  const record = readRecord(place) ?? emptyRecord(ownNamespace());
  refuseConflicts(place, shared, forwards);
  refuseOwnConflicts(place, record, { shared, forwards });
  removeMarked({ ip, turn }, taps);
  const there = amongAnnouncements(ip, announced);
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
  if (nft) for (const one of joined) makeShared({ place, ip, nft, turn }, one);
  runCommands({ program: ip, turn }, [
    ...interfaces.flatMap(({ make }) => make),
    ...fresh.map(({ address, on }) => ['neighbour', 'add', 'proxy', address, 'dev', on]),
  ]);
  runCommands(
    { program: bridge, turn },
    interfaces.flatMap((plan) => plan.join),
  );
  // Those of a leg when that is there (connect-veth.ts).
  const rules = interfaces.flatMap((plan) => (plan.leg ? [] : plan.rules));
  if (nft) for (const one of rules) runRules({ program: nft, turn }, one.rules);
  if (nft && forwards.length > 0)
    runRules({ program: nft, turn }, planForwards(forwarderOf(place), all.forwards).rules);
  for (const setting of [...interfaces.flatMap(({ own }) => own), ...needed]) {
    const now = readSetting(setting.name);
    // None: its interface has gone since the host was looked at.
    if (now !== undefined && now !== setting.value) writeSetting(setting);
  }
}

/** A kernel that cannot open it would say so only in the guest, and late. */
function makeDevice({ path, uid, from }: TunDevice): void {
  // One that a crash of the host has left.
  rmSync(path, { force: true });
  makeCharacterDevice(path, TUN.major, TUN.minor);
  chownSync(path, uid, 0);
  if (from === 'host') return;
  try {
    closeSync(openSync(path, constants.O_RDWR));
  } catch (error) {
    throw new UmlmonError('NETWORK_HOST', {
      place: path,
      cause: `it was made, and cannot be opened: ${toFailure(error).cause}`,
      hint: 'vardir must be on a file system that is mounted without nodev',
    });
  }
}

/**
 * Takes back what umlmon has set up for a VM, and nothing that is not known as its own: taps by their mark, settings
 * only where they are as umlmon has left them. What another VM needs too stays until that one is released.
 *
 * @returns what was taken back, for people; empty if there was nothing
 * @throws UmlmonError NETWORK_COMMAND; the record stays, for another try
 */
export function releaseNetwork(place: RecordPlace, tunDevice: string): string[] {
  if (!readRecord(place)) return [];
  const { ip } = networkPrograms({ rules: false, legs: false, user: false });
  return inTurn(place, (turn) => release(place, { ip, turn }, tunDevice));
}

/**
 * Takes back what an interface had for itself that is not there any more.
 *
 * @param left those that stay
 * @returns as `releaseNetwork`
 * @throws UmlmonError NETWORK_COMMAND; the record stays as it is, for another try
 */
export function shrinkNetwork(place: RecordPlace, left: readonly InterfacePlan[]): string[] {
  const { ip } = networkPrograms({ rules: false, legs: false, user: false });
  return inTurn(place, (turn) => {
    const record = readRecord(place);
    if (record === undefined || record.namespace !== ownNamespace()) return [];
    const demands = demandsOf(left);
    const { kept, surplus } = splitRecord(record, demands);
    const forwards = surplus.forwards.length > 0 ? replaceForwards(place, demands.forwards, turn) : [];
    const released = releaseRecorded(place, { ...surplus, forwards: [] }, { ip, turn });
    writeRecord(place, kept);
    return [...released, ...forwards];
  });
}

function replaceForwards(place: RecordPlace, left: readonly PortForward[], turn: number): string[] {
  const program = findProgram('nft', 'nftables');
  const { rules, forget } = planForwards(forwarderOf(place), left);
  runRules({ program, turn }, left.length > 0 ? rules : forget);
  return ['forwarding of ports'];
}

function release(place: RecordPlace, ip: Ip, tunDevice: string): string[] {
  const record = readRecord(place);
  if (record === undefined) return [];
  const isHere = record.namespace === ownNamespace();
  const released = isHere ? releaseRecorded(place, record, ip) : disconnectUsers(record);
  rmSync(tunDevice, { force: true });
  removeRecord(place);
  return released;
}

function releaseRecorded(place: RecordPlace, record: NetworkRecord, { ip, turn }: Ip): string[] {
  const links = disconnectUsers(record);
  if (record.tables.length > 0)
    runRules(
      { program: findProgram('nft', 'nftables'), turn },
      record.tables.map(({ family, table }) => forgetTable(family, table)).join(''),
    );
  const taps = removeMarked({ ip, turn }, record.interfaces);
  const shared = releaseShared(place, record, { ip, turn });
  const announced = amongAnnouncements(ip, record.announced);
  runCommands(
    { program: ip, turn },
    announced.map(({ address, on }) => ['neighbour', 'del', 'proxy', address, 'dev', on]),
  );
  const settings = settingsToRestore(place, record);
  for (const setting of settings) writeSetting(setting);
  return [
    ...links,
    ...taps.map((name) => `interface ${name}`),
    ...shared,
    ...announced.map(({ address, on }) => `${address} announced on ${on}`),
    ...settings.map(({ name, value }) => `sysctl ${name}=${value}`),
  ];
}

/** Links are files: they outlive a boot of the host, unlike all else that is recorded. */
function disconnectUsers({ links }: NetworkRecord): string[] {
  for (const link of links) disconnectUser(link);
  return links.map((link) => `pasta at ${link}`);
}

/**
 * The values to put back. A setting that another VM needs is left, and with it, in that VM's record, the knowledge of
 * what it was before.
 */
function settingsToRestore(place: RecordPlace, record: NetworkRecord): Setting[] {
  const others = otherRecords(place).filter((other) => other.record.namespace === record.namespace);
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

/** Those of a list that the host announces just now. */
function amongAnnouncements(ip: string, list: readonly Announcement[]): Announcement[] {
  if (list.length === 0) return [];
  const there = listAnnouncements(ip);
  return list.filter((one) => there.some((other) => isSameAnnouncement(one, other)));
}
