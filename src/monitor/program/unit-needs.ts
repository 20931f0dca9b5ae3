/**
 * What the service of a VM needs beyond the sandbox that umlmon@.service is (docs/threat-model.md has the capabilities): by
 * its configuration, as settings of systemd.exec(5). Pure.
 */
import type { GlobalConfig, VmConfig } from '../../config/config.ts';
import { isTransport, type NetworkSpec } from '../../config/networks/kinds.ts';
import { transportNeeds } from '../../config/networks/transports.ts';

/** Facts beside the configuration. */
export interface UnitHost {
  /** Whether the user of a VM may make user namespaces (judgeRestrictions). */
  readonly userNamespaces: 'yes' | 'no' | 'unsure';
  /** Whether there are device nodes among the images of a VM: `.dev`. */
  readonly hasDevices: (vm: VmConfig) => boolean;
}

type Setting = readonly [name: string, value: string];

/** Everything that a hook may want to do for its VM: taps, mounts, device nodes. */
const hookCapabilities = [
  'CAP_MKNOD',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_SYS_ADMIN',
  'CAP_SYS_CHROOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
].join(' ');

/** Settings that can be given more than once: lists grow, switches have their last value. */
export function serviceNeeds(vm: VmConfig, global: GlobalConfig, host: UnitHost): readonly Setting[] {
  const hasHook = vm.hook !== '';
  const hasNetwork = vm.eth.length > 0;
  const paths = [global.vardir, global.rundir, global.shared, vm.backup_dir, vm.kernel, vm.hook];
  return [
    ...(hasHook ? hook : []),
    ...(hasHook || hasNetwork ? network : []),
    ...(hasHook || vm.eth.some(isRaw) ? raw : []),
    ...(hasHook || hasNetwork || global.tcp !== 'off' ? internet : []),
    ...(hasHook || host.hasDevices(vm) ? devices : []),
    ...(global.userns === 'off' || host.userNamespaces !== 'yes' ? rootLauncher : []),
    ...(paths.some(isInHome) ? [['ProtectHome', 'no'] as const] : []),
  ];
}

const hook: readonly Setting[] = [
  ['CapabilityBoundingSet', hookCapabilities],
  ['ProtectHome', 'no'],
  ['ProtectHostname', 'no'],
  ['ProtectKernelTunables', 'no'],
];

/** Raw sockets, in a network namespace that the monitor enters. */
const raw: readonly Setting[] = [
  ['CapabilityBoundingSet', 'CAP_NET_RAW CAP_SYS_ADMIN'],
  ['RestrictAddressFamilies', 'AF_PACKET'],
];

function isRaw(spec: NetworkSpec): boolean {
  return isTransport(spec) && transportNeeds(spec).network === 'own';
}

/** Taps, addresses, rules of nftables, /proc/sys/net. */
const network: readonly Setting[] = [
  ['CapabilityBoundingSet', 'CAP_MKNOD CAP_NET_ADMIN'],
  // It makes a node of its own for the jail, which PrivateDevices= forbids.
  ['PrivateDevices', 'no'],
  ['DeviceAllow', '/dev/net/tun rwm'],
  ['ReadWritePaths', '-/proc/sys/net'],
];

const internet: readonly Setting[] = [
  ['RestrictAddressFamilies', 'AF_INET AF_INET6'],
  ['IPAddressAllow', 'any'],
];

/** The node in /dev, where all programs lock it. */
const devices: readonly Setting[] = [
  ['PrivateDevices', 'no'],
  ['DeviceAllow', 'block-* rw'],
];

/** Where a jail has no user namespace, root makes its other namespaces. */
const rootLauncher: readonly Setting[] = [['CapabilityBoundingSet', 'CAP_SYS_ADMIN']];

/** What ProtectHome= hides. */
function isInHome(path: string): boolean {
  return /^\/(?:home|root|run\/user)(?:\/|$)/.test(path);
}
