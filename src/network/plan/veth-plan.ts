/**
 * Connects a kernel with raw sockets to the host. With CAP_NET_RAW it could read and forge all packets in its network
 * namespace. So it gets its own namespace, and a veth pair connects that to the host. Rules of nftables at the host's end
 * accept only the packets of its transport. Pure.
 */
import type { TransportSpec } from '../../config/networks/transports.ts';
import type { CommandWords } from '../host/run-ip.ts';
import type { KernelSetting } from './kernel-settings.ts';
import { type OwnRules, replaceTable, tableOf, withoutLinkLocal } from './private-bridge-plan.ts';

/** Transports of a kernel in a network namespace of its own. */
export type LegSpec = Extract<TransportSpec, { kind: 'raw' | 'hybrid' | 'gre' | 'l2tpv3' }>;

/** Commands for the time between the start of the namespace and that of the kernel. The end of the pair undoes them. */
export interface VethPlan {
  /** Commands of ip(8) on the host, in which `theNamespace` stands for the namespace of the jail. */
  readonly outside: readonly CommandWords[];
  /** Settings of the pair's end on the host. */
  readonly settings: readonly KernelSetting[];
  /** Commands of ip(8) in the namespace of the jail. */
  readonly inside: readonly CommandWords[];
  /** Rules for nft -f - in that namespace; '' for none. */
  readonly rulesInside: string;
}

export const theNamespace = '@jail';

export interface LegRequest {
  readonly unit: number;
  /** The pair's end on the host: its name, a temporary name that is unique, and its mark. */
  readonly name: string;
  readonly alias: string;
  /** Hexadecimal; unique for this interface. */
  readonly hash: string;
  /** The user who opens taps in the namespace. */
  readonly uid: number;
  readonly ipv6: boolean;
}

export interface VethPair {
  readonly plan: VethPlan;
  /** The transport as the kernel gets it, with names and addresses of its namespace. */
  readonly spec: LegSpec;
  /** Rules of the host, which need the pair. */
  readonly rules: OwnRules;
}

/** MTU for large packets (GSO) that a pair must pass; more than that of any interface. */
const largestMtu = '65535';

/** IANA protocol numbers. */
const protocols = { gre: 47, l2tpv3: 115 } as const;

export function planVeth(spec: LegSpec, request: LegRequest): VethPair {
  return spec.kind === 'raw' || spec.kind === 'hybrid' ? planWire(spec, request) : planTunnel(spec, request);
}

/**
 * The kernel receives the packets that arrive at the interface, as the host does, and sends its own from there. A hybrid
 * transport has a tap in the namespace, and the namespace forwards packets between the tap and the pair.
 */
function planWire(spec: Extract<LegSpec, { kind: 'raw' | 'hybrid' }>, request: LegRequest): VethPair {
  const { unit, name, uid, ipv6 } = request;
  const inner = innerName(unit);
  const tap = `tap${unit}`;
  const wire = (dev: string): CommandWords[] => [
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
 * The kernel has an address of its own, of a reserved range. The host replaces it by `src` in packets of the one protocol
 * from and to `dst`. Connection tracking is off: it would continue connections that it knows from before.
 */
function planTunnel(spec: Extract<LegSpec, { kind: 'gre' | 'l2tpv3' }>, request: LegRequest): VethPair {
  const { unit, name, ipv6 } = request;
  const { src, dst } = spec;
  const [here, there] = ownAddresses(src.family, request.hash);
  const [ip, length, more] = src.family === 4 ? ['ip', 32, []] : ['ip6', 128, ['nodad']];
  const inner = innerName(unit);
  const one = (dev: string, own: string, other: string): CommandWords[] => [
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

function pair({ unit, name, alias }: LegRequest): CommandWords[] {
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
 * Addresses of both ends of a pair: IPv4 of the reserved class E (RFC 1112, section 4), IPv6 of a private network
 * (RFC 4193) of the interface alone. If two pairs of a host get the same addresses, the second start fails at its route.
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
