/**
 * A named network between VMs, without a path to the host: a bridge made by umlmon, whose ports are the taps of the
 * VMs. Pure: the specification in, commands and rules out.
 *
 * The bridge has no address, but that alone is not enough: a Linux host answers on any interface for all its addresses
 * (arp_ignore=0). So traffic between the bridge and the host is dropped at the bridge itself, before any protocol sees it
 * (hooks ingress and egress of nftables). Traffic from port to port does not pass there, and costs nothing.
 */
import { createHash } from 'node:crypto';
import type { NetworkLink } from '../../config/networks/shared.ts';

/** The arguments of one command of ip(8). */
export type Words = readonly string[];

export interface SwitchRequest {
  /** Name of the network in the configuration. */
  readonly network: string;
  /** Distinguishes several umlmons of a host: their VARDIR. */
  readonly owner: string;
  /** Every port sees everything, as with a hub. */
  readonly hub?: boolean;
  /** The same network of another host. */
  readonly link?: NetworkLink;
  /** Whether the host has IPv6. */
  readonly ipv6?: boolean;
}

/** Whole: all commands of a list succeed, or those before are undone by `remove`. */
export interface SwitchPlan {
  readonly bridge: string;
  /** The mark that identifies the bridge as one of umlmon (ifalias). */
  readonly alias: string;
  /** Of ip(8), when there is no bridge with this mark yet; first the bridge, which is not up before it is closed. */
  readonly make: readonly Words[];
  /** For nft -f -, after `make`: replaces the present rules. */
  readonly rules: string;
  /** Of ip(8), after the rules. */
  readonly open: readonly Words[];
  /** Of ip(8), when no VM has a port any more. */
  readonly remove: readonly Words[];
  /** For nft -f -, after `remove`; changes nothing if there are no rules. */
  readonly forget: string;
}

/** The number of characters by which a user recognises a name; 15 is the most for an interface. */
const readable = 8;

export function planSwitch({ network, owner, hub = false, link, ipv6 = true }: SwitchRequest): SwitchPlan {
  const hash = hashOf(`${owner}\0${network}`);
  const bridge = `${network.slice(0, readable)}-${hash.slice(0, 6)}`;
  const alias = `umlmon:network:${network}:${hashOf(owner).slice(0, 8)}`;
  const tunnel = `um${hash.slice(0, 10)}-x`;
  const table = tableOf('network', hash);
  return {
    bridge,
    alias,
    make: [
      // Without a querier for multicast groups, a bridge that snoops would in the end keep them from each other.
      [
        ...['link', 'add', 'name', bridge, 'type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0'],
        ...(hub ? ['ageing_time', '0'] : []),
      ],
      ['link', 'set', 'dev', bridge, 'alias', alias],
      // Its own address; otherwise it has that of a port, and changes it whenever ports change.
      ['link', 'set', 'dev', bridge, 'address', localAddress(hash)],
      ...withoutLinkLocal(bridge, ipv6),
      ...(link ? linkCommands({ tunnel, bridge, alias, ipv6 }, link) : []),
    ],
    rules: replaceTable(
      'netdev',
      table,
      (['ingress', 'egress'] as const).map(
        (hook) => `chain ${hook} { type filter hook ${hook} device "${bridge}" priority 0; policy drop; }`,
      ),
    ),
    open: [['link', 'set', 'dev', bridge, 'up']],
    remove: [...(link ? [['link', 'del', 'dev', tunnel]] : []), ['link', 'del', 'dev', bridge]],
    forget: forgetTable('netdev', table),
  };
}

/** No link-local address. On a host without IPv6 there are no addresses, and the setting is an error. */
export function withoutLinkLocal(dev: string, ipv6: boolean): Words[] {
  return ipv6 ? [['link', 'set', 'dev', dev, 'addrgenmode', 'none']] : [];
}

/** Connects a tap. The connection is removed with the tap. */
export function joinCommands({ bridge }: Pick<SwitchPlan, 'bridge'>, tap: string): Words[] {
  return [
    ['link', 'set', 'dev', tap, 'master', bridge],
    ['link', 'set', 'dev', tap, 'up'],
  ];
}

/** The tunnel has the mark of the bridge: they are removed together. */
function linkCommands(
  {
    tunnel,
    bridge,
    alias,
    ipv6,
  }: Pick<SwitchPlan, 'bridge' | 'alias'> & { readonly tunnel: string; readonly ipv6: boolean },
  { id, local, remote, port }: NetworkLink,
): Words[] {
  return [
    [
      ...['link', 'add', 'name', tunnel, 'type', 'vxlan', 'id', String(id), 'local', local.text],
      ...['remote', remote.text, 'dstport', String(port)],
    ],
    ['link', 'set', 'dev', tunnel, 'alias', alias],
    ...withoutLinkLocal(tunnel, ipv6),
    ...joinCommands({ bridge }, tunnel),
  ];
}

/** Bytes of a packet of the guest that fit through VXLAN in 1500: outer headers are those of IP, UDP, VXLAN, Ethernet. */
export function linkedMtu({ remote }: NetworkLink): number {
  return 1500 - (remote.family === 4 ? 20 : 40) - 8 - 8 - 14;
}

export interface Mirror {
  readonly bridge: string;
  readonly tap: string;
  /** Of the guest behind the tap. */
  readonly mac: string;
}

/**
 * A port that sees the traffic between others. A bridge in promiscuous mode passes a copy of every packet to its own
 * device, where the rules drop it. Before that it is copied to the tap. Packets that the port gets as any port are not
 * copied: packets to all, to its own address, and its own. Packets to an unknown address are not flooded to it, as it
 * has their copy.
 */
export function planMirror({ bridge, tap, mac }: Mirror): {
  /** Of ip(8), of bridge(8), and for nft -f -, in this order. */
  readonly make: readonly Words[];
  readonly join: readonly Words[];
  readonly rules: OwnRules;
} {
  const table = tableOf('mirror', hashOf(tap));
  return {
    make: [['link', 'set', 'dev', bridge, 'promisc', 'on']],
    join: [
      ['link', 'set', 'dev', tap, 'flood', 'off'],
      ['fdb', 'replace', mac, 'dev', tap, 'master', 'static'],
    ],
    rules: {
      family: 'netdev',
      table,
      rules: replaceTable('netdev', table, [
        [
          `chain mirror { type filter hook ingress device "${bridge}" priority -10; policy accept;`,
          `ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 accept`,
          `ether daddr ${mac} accept`,
          `ether saddr ${mac} accept`,
          `dup to "${tap}"
}`,
        ].join('\n'),
      ]),
    },
  };
}

/** A name of a table that is unique on the host. Each network or VM has its own, so that each can be replaced whole. */
export function tableOf(kind: 'network' | 'nat' | 'forward' | 'mirror' | 'tunnel', hash: string): string {
  return `umlmon-${kind}-${hash.slice(0, 12)}`;
}

/** A table of nftables that umlmon has made. */
export interface NftTable {
  readonly family: 'netdev' | 'inet';
  readonly table: string;
}

/** A table, and what makes it: for nft -f -. */
export interface OwnRules extends NftTable {
  readonly rules: string;
}

/** In one transaction: there is always exactly one table. Names of tables need no quotes. */
export function replaceTable(family: 'netdev' | 'inet', table: string, chains: readonly string[]): string {
  return `${forgetTable(family, table)}table ${family} ${table} {\n${chains.map((chain) => `${chain}\n`).join('')}}\n`;
}

/** Deleting a missing table would fail; adding a present one does not. */
export function forgetTable(family: 'netdev' | 'inet', table: string): string {
  return `add table ${family} ${table}\ndelete table ${family} ${table}\n`;
}

/** Unicast and locally administered; high, as a bridge would take the lowest of its ports otherwise. */
export function localAddress(hash: string): string {
  return `fe:${(hash.slice(0, 10).match(/../g) ?? []).join(':')}`;
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
