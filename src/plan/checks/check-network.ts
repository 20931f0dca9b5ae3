/** Which network interfaces of a VM this host cannot give it. Pure. */
import type { VmConfig } from '../../config/config.ts';
import { isTransport } from '../../config/networks/kinds.ts';
import { transportNeeds } from '../../config/networks/transports.ts';
import type { Refusal } from '../../config/problem.ts';
import { didYouMean } from '../../config/suggest.ts';
import { remountHint } from '../../jail/host/remount-hint.ts';
import type { VmLayout } from '../../jail/layout.ts';
import type { HostLink, HostNetwork } from '../../network/host/host-network.ts';
import { isMarkOf } from '../../network/plan/interface-plan.ts';
import { type ErrorCode, isErrorCode } from '../../system/errors/errors.ts';
import type { Inventory } from '../facts/inventory.ts';
import { checkForwards, checkTun } from './check-forward.ts';
import {
  checkNat,
  checkSource,
  checkTap,
  checkTransport,
  checkTunnel,
  checkWire,
} from './check-transport.ts';

type Spec = VmConfig['eth'][number];

/**
 * All problems of one interface.
 *
 * @param isOwn whether an interface of the host with this mark belongs to this VM
 */
export function checkNetwork(
  vm: Pick<VmLayout, 'vm' | 'home'>,
  spec: Spec,
  { root, network, user, kernel, nodev }: Pick<Inventory, 'root' | 'network' | 'user' | 'kernel' | 'nodev'>,
  // Of an earlier start, or of the VM that runs just now.
  isOwn: (alias: string) => boolean = (alias) => isMarkOf(vm, alias),
): Refusal[] {
  const privilege = [
    ...checkTransport(spec, kernel),
    ...(root || !needsRoot(spec)
      ? []
      : [
          refusal(
            'NETWORK_PRIVILEGE',
            `${spec.kind} changes the network of the host, which needs root`,
            'run umlmon as root, or remove the interface',
          ),
        ]),
  ];
  if (!network) return privilege;
  if ('missing' in network) {
    const { code, place, cause, hint } = network.missing;
    return [...privilege, refusal(isErrorCode(code) ? code : 'HOST_SYSTEM_CALL', `${place}: ${cause}`, hint)];
  }
  const host = network.found;
  const others = host.links.filter(({ alias }) => !isOwn(alias));
  return [
    ...privilege,
    ...(host.tun || !opensTun(spec)
      ? []
      : [
          refusal(
            'NETWORK_HOST',
            'the host has no /dev/net/tun',
            'modprobe tun; in a container, add the device',
          ),
        ]),
    ...(opensTun(spec) && host.tun && nodev !== undefined && !host.tunForAll ? [noDeviceIn(nodev)] : []),
    ...(needsTun(spec) ? checkTun(host.tunFault) : []),
    ...checkForwards(spec, host.conflicts),
    ...checkEnds(spec, host, others, {
      uid: 'found' in user ? user.found.uid : undefined,
      // Without root, this process is the user of the VM: it has tried.
      opensTun: root ? host.tunForAll : host.tun,
    }),
  ];
}

function opensTun(spec: Spec): boolean {
  return spec.kind !== 'user' && needsTun(spec);
}

function noDeviceIn(point: string): Refusal {
  return refusal(
    'HOST_MOUNT',
    `the VM cannot open /dev/net/tun of the host, and cannot have its own: ${point} is mounted nodev`,
    remountHint('nodev', point, 'set the usual permissions: chmod 666 /dev/net/tun'),
  );
}

function checkEnds(
  spec: Spec,
  host: HostNetwork,
  others: readonly HostLink[],
  { uid, opensTun }: { readonly uid: number | undefined; readonly opensTun: boolean },
): Refusal[] {
  switch (spec.kind) {
    case 'host_to_host':
      return [...checkName(spec.proxy_if, others), ...checkLink(spec, others, host)];
    case 'bridged':
      return [...checkName(spec.proxy_if, others), ...checkBridge(spec, host)];
    case 'nat':
      return checkNat(spec, host);
    case 'network':
      return spec.local ? checkSource('local', spec.local, host) : [];
    case 'tap':
      return checkTap(spec.ifname, host, uid);
    case 'user':
      return opensTun
        ? []
        : [
            refusal(
              'NETWORK_HOST',
              'pasta runs as the user of the VM, who cannot open /dev/net/tun',
              'set the usual permissions: modprobe tun; chmod 666 /dev/net/tun',
            ),
          ];
    case 'raw':
    case 'hybrid':
      return checkWire(spec.ifname, host);
    case 'gre':
      return checkTunnel(spec.src, host);
    case 'l2tpv3':
      return spec.udp === true ? checkSource('src', spec.src, host) : checkTunnel(spec.src, host);
    default:
      return [];
  }
}

function needsRoot(spec: Spec): boolean {
  if (spec.kind === 'user') return false;
  if (!isTransport(spec)) return true;
  const { devices, network } = transportNeeds(spec);
  return devices.length > 0 || network === 'own';
}

function needsTun(spec: Spec): boolean {
  return !isTransport(spec) || transportNeeds(spec).devices.length > 0;
}

function refusal(code: ErrorCode, cause: string, hint: string): Refusal {
  return { code, cause, hint };
}

function checkName(name: string, others: readonly HostLink[]): Refusal[] {
  const taken = others.find((link) => link.name === name);
  if (!taken) return [];
  const whose = taken.alias ? `, marked ${taken.alias}` : '';
  return [
    refusal(
      'NETWORK_IN_USE',
      `proxy_if: the host already has an interface ${name}${whose}`,
      adviceOnTaken(taken),
    ),
  ];
}

/** What to do about an interface of the host that has a name we need. It may be any interface, even the default route. */
function adviceOnTaken({ name, alias, kind, addresses }: HostLink): string {
  if (alias.startsWith('umlmon:'))
    return 'choose another name; umlmon -cleanup VM removes it while its VM is stopped';
  const isIdle = kind === 'tun' && addresses.length === 0;
  return isIdle
    ? `choose another name, or if no program uses this tap: ip link delete ${name}`
    : 'choose another name, because umlmon creates this interface';
}

function checkBridge(spec: Extract<Spec, { kind: 'bridged' }>, { links }: HostNetwork): Refusal[] {
  const name = spec.bridge_if;
  const link = links.find((candidate) => candidate.name === name);
  const bridges = links.filter((candidate) => candidate.bridge).map((candidate) => candidate.name);
  if (!link)
    return [
      refusal(
        'NETWORK_MISSING',
        `bridge_if: the host has no interface ${name}`,
        didYouMean(name, bridges, `create it: ip link add ${name} type bridge; ip link set ${name} up`),
      ),
    ];
  if (!link.bridge)
    return [
      refusal(
        'NETWORK_MISSING',
        `bridge_if: ${name} is not a bridge${link.kind && ` (it is ${link.kind})`}`,
        bridges.length > 0 ? `bridges: ${bridges.slice(0, 20).join(', ')}` : 'the host has no bridge',
      ),
    ];
  if (spec.vlan === undefined || link.bridge.filtersVlans) return [];
  return [
    refusal(
      'NETWORK_HOST',
      `vlan: the bridge ${name} does not filter VLANs`,
      `ip link set ${name} type bridge vlan_filtering 1`,
    ),
  ];
}

function checkLink(
  spec: Extract<Spec, { kind: 'host_to_host' }>,
  others: readonly HostLink[],
  host: HostNetwork,
): Refusal[] {
  const six = spec.guest_addr.family === 6;
  const { host_if } = spec;
  const user = (address: string) => others.find(({ addresses }) => addresses.includes(address));
  const problems = (['proxy_addr', 'guest_addr'] as const).flatMap((argument) => {
    const { text } = spec[argument];
    const found = user(text);
    if (!found) return [];
    const cause = `${argument}: the host already has ${text}, on ${found.name}`;
    return [refusal('NETWORK_IN_USE', cause, 'choose an unused address')];
  });
  if (six && !host.ipv6)
    problems.push(
      refusal('NETWORK_HOST', 'the host has no IPv6', 'boot the host without ipv6.disable=1, or use IPv4'),
    );
  if (host_if === undefined) return problems;
  const names = others.map(({ name }) => name);
  if (!names.includes(host_if))
    problems.push(
      refusal(
        'NETWORK_MISSING',
        `host_if: the host has no interface ${host_if}`,
        didYouMean(host_if, names, `interfaces: ${names.slice(0, 20).join(', ')}`),
      ),
    );
  // Not umlmon's to turn on: it makes the host forget what it has learned from routers (accept_ra).
  else if (six && !host.forwards6.includes(host_if))
    problems.push(
      refusal(
        'NETWORK_HOST',
        `host_if: the host does not forward IPv6 on ${host_if}`,
        'sysctl -w net.ipv6.conf.all.forwarding=1; set accept_ra=2 first on interfaces that learn routes from routers',
      ),
    );
  return problems;
}
