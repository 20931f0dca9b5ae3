/**
 * The connection of a kernel with raw sockets to the host. With CAP_NET_RAW it could receive and forge everything in its
 * network namespace. So it has its own namespace, with a veth pair as the only connection. Rules of nftables at the host's
 * end pass the traffic of the transport, and drop everything else. Pure.
 */
import type { TransportSpec } from '../../config/networks/transports.ts';
import type { Words } from '../host/run-ip.ts';
import type { Setting } from './kernel-settings.ts';
import { type OwnRules, replaceTable, tableOf, withoutLinkLocal } from './private-bridge-plan.ts';

/** Transports of a kernel in a network namespace of its own. */
export type LegSpec = Extract<TransportSpec, { kind: 'raw' | 'hybrid' | 'gre' | 'l2tpv3' }>;

/** The steps after the namespace exists, before the kernel starts. All of it is removed with the veth pair. */
export interface LegPlan {
  /** Commands of ip(8) on the host, in which `theNamespace` stands for the namespace of the jail. */
  readonly outside: readonly Words[];
  /** Settings of the veth pair on the host. */
  readonly settings: readonly Setting[];
  /** Commands of ip(8) in the namespace of the jail. */
  readonly inside: readonly Words[];
  /** For nft -f - there; '' for none. */
  readonly rulesInside: string;
}

export const theNamespace = '@jail';

export interface LegRequest {
  readonly unit: number;
  /** The end of the veth pair on the host, with a name that is unique on the host, and its mark. */
  readonly name: string;
  readonly alias: string;
  /** Hexadecimal, of this interface alone. */
  readonly hash: string;
  /** Who opens taps in the namespace. */
  readonly uid: number;
  readonly ipv6: boolean;
}

export interface Leg {
  readonly plan: LegPlan;
  /** The argument of the kernel: names and addresses are those of its namespace. */
  readonly spec: LegSpec;
  /** Of the host, made after the veth pair. */
  readonly rules: OwnRules;
}

/** Of packets in large pieces (GSO) that a veth pair must accept; more than any interface has. */
const largestMtu = '65535';

/** IANA protocol numbers. */
const protocols = { gre: 47, l2tpv3: 115 } as const;

export function planLeg(spec: LegSpec, request: LegRequest): Leg {
  return spec.kind === 'raw' || spec.kind === 'hybrid' ? planWire(spec, request) : planTunnel(spec, request);
}

/**
 * The kernel receives what arrives at the interface, as the host does, and its packets leave there. A hybrid has its own
 * tap in the namespace. Everything is passed on between that tap and the veth pair.
 */
function planWire(spec: Extract<LegSpec, { kind: 'raw' | 'hybrid' }>, request: LegRequest): Leg {
  const { unit, name, uid, ipv6 } = request;
  const inner = innerName(unit);
  const tap = `tap${unit}`;
  const wire = (dev: string): Words[] => [
    ...withoutLinkLocal(dev, ipv6),
    ['link', 'set', 'dev', dev, 'mtu', largestMtu, 'up'],
  ];
  return {
    plan: {
      outside: [...pair(request), ...wire(name)],
      settings: [],
      inside: [
        ...wire(inner),
        ...(spec.kind === 'hybrid'
          ? [
              ['tuntap', 'add', 'dev', tap, 'mode', 'tap', 'user', String(uid), 'vnet_hdr'],
              ...withoutLinkLocal(tap, ipv6),
              ['link', 'set', 'dev', tap, 'up'],
            ]
          : []),
      ],
      rulesInside:
        spec.kind === 'hybrid'
          ? replaceTable('netdev', tableOf('tunnel', request.hash), [
              passOn('in', inner, `fwd to "${tap}"`),
              passOn('out', tap, `fwd to "${inner}"`),
            ])
          : '',
    },
    spec: { ...spec, ifname: spec.kind === 'hybrid' ? tap : inner },
    rules: ownTable('netdev', request, [
      passOn('in', spec.ifname, `dup to "${name}"`),
      passOn('out', name, `fwd to "${spec.ifname}"`),
    ]),
  };
}

function passOn(chain: string, from: string, statement: string): string {
  return `chain ${chain} { type filter hook ingress device "${from}" priority -10; policy accept;\n${statement}\n}`;
}

/**
 * The kernel has its own address, of an unused range. The host replaces it by `src` in packets of the one protocol from
 * and to `dst`. Without connection tracking, which would continue earlier connections.
 */
function planTunnel(spec: Extract<LegSpec, { kind: 'gre' | 'l2tpv3' }>, request: LegRequest): Leg {
  const { unit, name, ipv6 } = request;
  const { src, dst } = spec;
  const [here, there] = ownAddresses(src.family, request.hash);
  const [ip, length, more] = src.family === 4 ? ['ip', 32, []] : ['ip6', 128, ['nodad']];
  const inner = innerName(unit);
  const one = (dev: string, own: string, other: string): Words[] => [
    ...withoutLinkLocal(dev, ipv6),
    ['address', 'add', `${own}/${length}`, 'dev', dev, ...more],
    ['link', 'set', 'dev', dev, 'up'],
    ['route', 'add', `${other}/${length}`, 'dev', dev, 'src', own],
  ];
  const protocol = `meta l4proto ${protocols[spec.kind]}`;
  const incoming = `${ip} saddr ${dst.text} ${protocol}`;
  const outgoing = `${ip} saddr ${there} ${ip} daddr ${dst.text} ${protocol}`;
  return {
    plan: {
      outside: [...pair(request), ...one(name, here, there)],
      settings: [{ name: `net/ipv${src.family}/conf/${name}/forwarding`, value: '1' }],
      inside: [...one(inner, there, here), ['route', 'add', 'default', 'via', here, 'dev', inner]],
      rulesInside: '',
    },
    spec: { ...spec, src: { text: there, family: src.family } },
    rules: ownTable('inet', request, [
      `chain prerouting { type filter hook prerouting priority -300; policy accept;
iifname "${name}" ${outgoing} notrack accept
iifname "${name}" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
iifname "${name}" drop
${incoming} ${ip} daddr ${src.text} ${ip} daddr set ${there} notrack
}`,
      `chain forward { type filter hook forward priority 0; policy accept;
oifname "${name}" ${incoming} accept
oifname "${name}" drop
}`,
      `chain postrouting { type filter hook postrouting priority 100; policy accept;
${outgoing} ${ip} saddr set ${src.text}
}`,
    ]),
  };
}

function innerName(unit: number): string {
  return `leg${unit}`;
}

function pair({ unit, name, alias }: LegRequest): Words[] {
  return [
    [
      ...['link', 'add', 'name', name, 'type', 'veth'],
      ...['peer', 'name', innerName(unit), 'netns', theNamespace],
    ],
    ['link', 'set', 'dev', name, 'alias', alias],
  ];
}

function ownTable(family: OwnRules['family'], { hash }: LegRequest, chains: readonly string[]): OwnRules {
  const table = tableOf('tunnel', hash);
  return { family, table, rules: replaceTable(family, table, chains) };
}

/**
 * Addresses of both ends of a veth pair: IPv4 of the reserved class E (RFC 1112, section 4), IPv6 of a private network
 * (RFC 4193) of the interface alone. If two veth pairs of a host get the same ones, the second start fails at its route.
 */
function ownAddresses(family: 4 | 6, hash: string): readonly [string, string] {
  const bytes = [0, 2, 4, 6, 8].map((at) => Number.parseInt(hash.slice(at, at + 2), 16));
  if (family === 6) {
    const network = `fd${hash.slice(0, 2)}:${hash.slice(2, 6)}:${hash.slice(6, 10)}`;
    return [`${network}::1`, `${network}::2`];
  }
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes;
  // 240 to 254: an address that starts with 255 may count as a broadcast.
  const ofLast = (last: number) => `${240 + (first % 15)}.${second}.${third}.${(fourth & 0xfe) + last}`;
  return [ofLast(0), ofLast(1)];
}
