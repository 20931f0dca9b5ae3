/** Which transports the jail, the kernel or this host cannot give to a VM. Pure. */
import type { VmConfig } from '../../config/config.ts';
import { isTransport } from '../../config/networks/kinds.ts';
import { commonOptions, type TunnelEnd } from '../../config/networks/options.ts';
import { isInSubnet, linkOf } from '../../config/networks/shared.ts';
import type { Refusal } from '../../config/problem.ts';
import { didYouMean } from '../../config/suggest.ts';
import type { HostLink, HostNetwork } from '../../network/host/host-network.ts';
import { isAnyAddress, isLoopback } from '../../system/ip-address.ts';
import type { Inventory } from '../facts/inventory.ts';

type Spec = VmConfig['eth'][number];

/** Whether the kernel has the driver. What umlmon makes itself are taps, which older kernels have in another form. */
export function checkTransport(spec: Spec, kernel: Inventory['kernel']): Refusal[] {
  if ('missing' in kernel) return [];
  const transport = isTransport(spec) ? spec.kind : spec.kind === 'user' ? 'raw' : 'tap';
  const { transports, legacyTransports } = kernel.found;
  if (transports.includes(transport)) return [];
  if (transport === 'tap' && legacyTransports.includes('tuntap')) return checkLegacy(spec);
  return [
    {
      code: 'NETWORK_TRANSPORT',
      cause: `the kernel has no vector transport ${transport}`,
      hint:
        transports.length > 0
          ? `transports of this kernel: ${transports.join(', ')}`
          : 'use a kernel with CONFIG_UML_NET_VECTOR, 5.0 or newer',
    },
  ];
}

/** Options that the older devices do not have. */
function checkLegacy(spec: Spec): Refusal[] {
  const lost = Object.keys(spec).filter((name) => name !== 'mac' && Object.hasOwn(commonOptions, name));
  // Its packets have less room.
  if (spec.kind === 'network' && linkOf(spec)) lost.push('mtu');
  return lost.map((name) => ({
    code: 'NETWORK_TRANSPORT',
    cause: `${name}: the kernel supports taps only as ethN=tuntap, without ${name}`,
    hint: `remove it, or use a kernel with CONFIG_UML_NET_VECTOR`,
  }));
}

/** A tap that umlmon did not create. */
export function checkTap(name: string, { links }: HostNetwork, uid: number | undefined): Refusal[] {
  const link = links.find((candidate) => candidate.name === name);
  const taps = links.filter(({ tapOwner }) => tapOwner !== undefined).map((tap) => tap.name);
  const makeTap = (called: string) =>
    `ip tuntap add dev ${called} mode tap user ${uid ?? 'UID'} vnet_hdr; ip link set ${called} up`;
  // Of an interface that is there, the name cannot be given again.
  const another = `create another and set ifname to its name: ${makeTap(freeName(links))}`;
  if (!link)
    return [
      missing(
        `ifname: the host has no interface ${name}`,
        didYouMean(name, taps, `create it: ${makeTap(name)}`),
      ),
    ];
  if (link.alias.startsWith('umlmon:'))
    return [
      {
        code: 'NETWORK_IN_USE',
        cause: `ifname: ${name} is a tap of umlmon, marked ${link.alias}`,
        hint: another,
      },
    ];
  if (link.tapOwner === undefined) return [missing(`ifname: ${name} is not a tap`, another)];
  if (uid === undefined || link.tapOwner === uid) return [];
  return [missing(`ifname: the tap ${name} does not belong to the user of the VM, uid ${uid}`, another)];
}

/** A name for a tap that no interface has. */
function freeName(links: HostNetwork['links']): string {
  for (let n = 0; ; n++) if (links.every(({ name }) => name !== `tap${n}`)) return `tap${n}`;
}

/** An interface at which a kernel listens and sends. */
export function checkWire(name: string, { links }: Pick<HostNetwork, 'links'>): Refusal[] {
  const names = links.map((link) => link.name);
  return names.includes(name)
    ? []
    : [
        missing(
          `ifname: the host has no interface ${name}`,
          didYouMean(name, names, `interfaces: ${names.slice(0, 20).join(', ')}`),
        ),
      ];
}

/**
 * The end of a tunnel over IP: an address of the host that other hosts can reach. From it the host passes on what the
 * kernel sends in its own network namespace.
 */
export function checkTunnel(src: TunnelEnd, host: HostNetwork): Refusal[] {
  if (isLocal(src))
    return [
      missing(
        `src: ${src.text} cannot be reached from another host`,
        'give the address at which the other end reaches this host',
      ),
    ];
  return [...checkSource('src', src, host), ...(src.family === 6 ? checkForwarding6('src', host) : [])];
}

/** The address at which a tunnel ends; any and those of the loop need no interface. */
export function checkSource(
  argument: string,
  { text }: { readonly text: string },
  { links }: Pick<HostNetwork, 'links'>,
): Refusal[] {
  if (isLocal({ text })) return [];
  if (links.some(({ addresses }) => addresses.includes(text))) return [];
  return [missing(`${argument}: the host has no address ${text}`, 'list its addresses: ip addr')];
}

function isLocal({ text }: Pick<TunnelEnd, 'text'>): boolean {
  return isLoopback(text) || isAnyAddress(text);
}

/** As for host_to_host: not umlmon's to turn on. */
function checkForwarding6(argument: string, { ipv6, forwards6 }: HostNetwork): Refusal[] {
  return ipv6 && forwards6.length > 0
    ? []
    : [
        {
          code: 'NETWORK_HOST',
          cause: `${argument}: the host does not forward IPv6`,
          hint: 'sysctl -w net.ipv6.conf.all.forwarding=1; set accept_ra=2 first on interfaces that learn routes from routers',
        },
      ];
}

export function checkNat(spec: Extract<Spec, { kind: 'nat' }>, host: HostNetwork): Refusal[] {
  const isOurs = ({ alias }: HostLink) => alias.startsWith(`umlmon:nat:${spec.name}:`);
  // Beside another interface in the subnet, the host would lose its route to the other addresses.
  const taken = host.links
    .filter((link) => !isOurs(link))
    .flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address })))
    .find(({ address }) => isInSubnet(address, spec.subnet));
  return [
    ...(taken
      ? [
          {
            code: 'NETWORK_IN_USE',
            cause: `subnet: the host already has ${taken.address}, on ${taken.name}`,
            hint: 'choose an unused subnet',
          } as const,
        ]
      : []),
    ...(spec.subnet.family === 6 ? checkForwarding6('subnet', host) : []),
  ];
}

function missing(cause: string, hint: string): Refusal {
  return { code: 'NETWORK_MISSING', cause, hint };
}
