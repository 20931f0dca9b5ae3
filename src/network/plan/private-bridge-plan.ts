/**
 * A named network between VMs, without access to the host: a bridge of umlmon's own, whose ports are the taps of the
 * VMs. Pure.
 *
 * The bridge has no address, but that does not isolate the host: Linux answers on any interface for all its addresses
 * (arp_ignore=0). So rules at the bridge (hooks ingress and egress of nftables) drop all packets between the bridge and the
 * host, before any protocol sees them. Packets from port to port do not pass these hooks, and cost nothing.
 */
import { createHash } from 'node:crypto';
import type { NetworkLink } from '../../config/networks/shared.ts';

/** The arguments of one command of ip(8). */
export type IpWords = readonly string[];

export interface SwitchRequest {
  /** Name of the network in the configuration. */
  readonly network: string;
  /** VARDIR, which distinguishes several installations of umlmon on a host. */
  readonly owner: string;
  /** Every port receives all packets, as with a hub. */
  readonly hub?: boolean;
  /** The same network of another host. */
  readonly link?: NetworkLink;
  /** Whether the host has IPv6. */
  readonly ipv6?: boolean;
}

/** If a command of a list fails, `remove` undoes those before it. */
export interface PrivateBridgePlan {
  readonly bridge: string;
  /** Mark that identifies a bridge of umlmon (ifalias). */
  readonly alias: string;
  /** Commands of ip(8) for a missing bridge. The bridge stays down until its rules are set. */
  readonly make: readonly IpWords[];
  /** Rules for nft -f -, after `make`. They replace earlier ones. */
  readonly rules: string;
  /** Commands of ip(8), after the rules. */
  readonly open: readonly IpWords[];
  /** Commands of ip(8) for a bridge without ports. */
  readonly remove: readonly IpWords[];
  /** Rules for nft -f -, after `remove`. Without rules they change nothing. */
  readonly forget: string;
}

/** The number of characters by which a user recognises a name; 15 is the most for an interface. */
const readable = 8;

export function planPrivateBridge({
  network,
  owner,
  hub = false,
  link,
  ipv6 = true,
}: SwitchRequest): PrivateBridgePlan {
  const hash = hashOf(`${owner}\0${network}`);
  const bridge = `${network.slice(0, readable)}-${hash.slice(0, 6)}`;
  const alias = `umlmon:network:${network}:${hashOf(owner).slice(0, 8)}`;
  const tunnel = `um${hash.slice(0, 10)}-x`;
  const table = tableOf('network', hash);
  return {
    bridge,
    alias,
    make: [
      // Without a multicast querier, a bridge with snooping ends up not forwarding the packets of groups.
      [
        ...['link', 'add', 'name', bridge, 'type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0'],
        ...(hub ? ['ageing_time', '0'] : []),
      ],
      ['link', 'set', 'dev', bridge, 'alias', alias],
      // An address of its own; otherwise it has that of a port, which changes with the ports.
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

/** Gives an interface no IPv6 address, so that it sends nothing itself. On a host without IPv6 the command would fail. */
export function withoutLinkLocal(dev: string, ipv6: boolean): IpWords[] {
  return ipv6 ? [['link', 'set', 'dev', dev, 'addrgenmode', 'none']] : [];
}

/** Connects a tap. The removal of the tap disconnects it. */
export function joinCommands({ bridge }: Pick<PrivateBridgePlan, 'bridge'>, tap: string): IpWords[] {
  return [
    ['link', 'set', 'dev', tap, 'master', bridge],
    ['link', 'set', 'dev', tap, 'up'],
  ];
}

/** The tunnel has the mark of the bridge: both are removed together. */
function linkCommands(
  {
    tunnel,
    bridge,
    alias,
    ipv6,
  }: Pick<PrivateBridgePlan, 'bridge' | 'alias'> & { readonly tunnel: string; readonly ipv6: boolean },
  { id, local, remote, port }: NetworkLink,
): IpWords[] {
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
 * A port that also receives the packets between other ports. A bridge in promiscuous mode passes a copy of every packet
 * to its own device, where the rules drop it. Before that, a rule copies it to the tap, except packets that the port gets
 * anyway: broadcasts, those to its own address, and its own. Packets to unknown addresses are not flooded to the port,
 * because it gets the copies.
 */
export function planMirror({ bridge, tap, mac }: Mirror): {
  /** Commands of ip(8), of bridge(8), and rules for nft -f -, in this order. */
  readonly make: readonly IpWords[];
  readonly join: readonly IpWords[];
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

/** A unique name for a table; each network and each VM has its own, which can be replaced as a whole. */
export function tableOf(kind: 'network' | 'nat' | 'forward' | 'mirror' | 'tunnel', hash: string): string {
  return `umlmon-${kind}-${hash.slice(0, 12)}`;
}

/** A table of nftables that umlmon has made. */
export interface NftTable {
  readonly family: 'netdev' | 'inet';
  readonly table: string;
}

/** A table, and the rules for nft -f - that make it. */
export interface OwnRules extends NftTable {
  readonly rules: string;
}

/** Replaces a table in one transaction, so that its rules never lack or double. Names of tables need no quotes. */
export function replaceTable(family: 'netdev' | 'inet', table: string, chains: readonly string[]): string {
  return `${forgetTable(family, table)}table ${family} ${table} {\n${chains.map((chain) => `${chain}\n`).join('')}}\n`;
}

/** Deletes a table. It is added first: deletion of a missing table fails, and addition of an existing one does not. */
export function forgetTable(family: 'netdev' | 'inet', table: string): string {
  return `add table ${family} ${table}\ndelete table ${family} ${table}\n`;
}

/** Unicast and locally administered; high, because a bridge takes the lowest address of its ports. */
export function localAddress(hash: string): string {
  return `fe:${(hash.slice(0, 10).match(/../g) ?? []).join(':')}`;
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
