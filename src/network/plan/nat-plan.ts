/**
 * A private network of VMs behind the addresses of the host: a bridge with an address, masquerading, and forwarded
 * ports. Pure.
 */
import {
  forgetTable,
  hashOf,
  localAddress,
  type PrivateBridgePlan,
  replaceTable,
  tableOf,
} from './private-bridge-plan.ts';

export interface NatRequest {
  readonly network: string;
  /** VARDIR, which distinguishes several installations of umlmon on a host. */
  readonly owner: string;
  /** One IPv4 subnet, one IPv6 subnet, or both. */
  readonly subnets: readonly NatSubnet[];
  /** Whether guests may connect to the host itself, too. They may always ping it. */
  readonly reachHost?: boolean;
}

export interface NatSubnet {
  readonly family: 4 | 6;
  /** The address of the bridge, which is the gateway of the guests. */
  readonly gateway: string;
  /** `10.7.0.0/24`, as the gateway has it. */
  readonly prefix: string;
  readonly length: number;
}

export interface PortForward {
  readonly protocol: 'tcp' | 'udp';
  readonly family: 4 | 6;
  /** Address of the host; without it, all addresses of the host. */
  readonly hostAddress?: string;
  readonly hostPort: number;
  readonly guestAddress: string;
  readonly guestPort: number;
}

const readable = 8;

export function planNat(request: NatRequest): PrivateBridgePlan {
  const { network, owner, subnets } = request;
  const hash = hashOf(`${owner}\0nat\0${network}`);
  const bridge = `${network.slice(0, readable)}-${hash.slice(0, 6)}`;
  const alias = `umlmon:nat:${network}:${hashOf(owner).slice(0, 8)}`;
  const table = tableOf('nat', hash);
  return {
    bridge,
    alias,
    make: [
      ['link', 'add', 'name', bridge, 'type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0'],
      ['link', 'set', 'dev', bridge, 'alias', alias],
      ['link', 'set', 'dev', bridge, 'address', localAddress(hash)],
      ...subnets.map(({ family, gateway, length }) => [
        ...['address', 'add', `${gateway}/${length}`, 'dev', bridge],
        ...(family === 6 ? ['nodad'] : []),
      ]),
    ],
    rules: replaceTable('inet', table, natChains(bridge, request)),
    open: [['link', 'set', 'dev', bridge, 'up']],
    remove: [['link', 'del', 'dev', bridge]],
    forget: forgetTable('inet', table),
  };
}

/**
 * Guests reach what the host reaches, with the host's address as their source. Only forwarded ports and answers lead to a
 * guest. A guest cannot use an address outside of the network. These rules only drop packets: another firewall of the
 * host that drops forwarded packets must accept those of the bridge itself (obstacles.ts).
 */
function natChains(bridge: string, { subnets, reachHost = false }: NatRequest): string[] {
  const known = subnets.map(
    ({ family, prefix }) => `iifname "${bridge}" ${ip(family)} saddr ${prefix} accept`,
  );
  return [
    chain('postrouting', 'type nat hook postrouting priority srcnat; policy accept;', [
      ...subnets.map(
        ({ family, prefix }) => `oifname != "${bridge}" ${ip(family)} saddr ${prefix} masquerade`,
      ),
      // A guest that uses a forwarded port of its own network: the answer must come back through the host.
      ...subnets.map(
        ({ family, prefix }) => `oifname "${bridge}" ${ip(family)} saddr ${prefix} ct status dnat masquerade`,
      ),
    ]),
    chain('forward', 'type filter hook forward priority filter; policy accept;', [
      // From guest to guest: with br_netfilter these packets pass here, too.
      `iifname "${bridge}" oifname "${bridge}" accept`,
      `oifname "${bridge}" ct status dnat accept`,
      `oifname "${bridge}" ct state established,related accept`,
      `oifname "${bridge}" drop`,
      ...known,
      `iifname "${bridge}" drop`,
    ]),
    chain('input', 'type filter hook input priority filter; policy accept;', [
      `iifname != "${bridge}" accept`,
      'ct state established,related accept',
      // ICMP and ICMPv6 by number: names need /etc/protocols, which a small host does not have.
      'meta l4proto { 1, 58 } accept',
      ...(reachHost ? known : []),
      'drop',
    ]),
  ];
}

/** The forwarded ports of one VM, in a table of their own, which exists as long as the VM runs. */
export function planForwards(
  { vm, owner }: { readonly vm: string; readonly owner: string },
  forwards: readonly PortForward[],
): Pick<PrivateBridgePlan, 'rules' | 'forget'> {
  const table = tableOf('forward', hashOf(`${owner}\0${vm}`));
  const rules = forwards.map(forwardRule);
  return {
    rules: replaceTable('inet', table, [
      chain('prerouting', 'type nat hook prerouting priority dstnat; policy accept;', rules),
      // Packets of the host to its own ports. Older versions of nft do not know the name dstnat here.
      chain('output', 'type nat hook output priority -100; policy accept;', rules),
    ]),
    forget: forgetTable('inet', table),
  };
}

function forwardRule({ protocol, family, hostAddress, hostPort, guestAddress, guestPort }: PortForward) {
  // Not 127.0.0.0/8: such packets cannot leave for a guest, and the host may have a service there.
  const loop = family === 4 ? '127.0.0.0/8' : '::1';
  const host =
    hostAddress === undefined
      ? `fib daddr type local ${ip(family)} daddr != ${loop}`
      : `${ip(family)} daddr ${hostAddress}`;
  const guest = family === 4 ? guestAddress : `[${guestAddress}]`;
  return `meta nfproto ipv${family} ${host} ${protocol} dport ${hostPort} dnat ${ip(family)} to ${guest}:${guestPort}`;
}

function ip(family: 4 | 6): string {
  return family === 4 ? 'ip' : 'ip6';
}

function chain(name: string, head: string, rules: readonly string[]): string {
  return `chain ${name} {\n${head}\n${rules.map((rule) => `${rule}\n`).join('')}}`;
}

/** Whose forwarded ports they are. */
export function forwarderOf({ directory, vm }: { readonly directory: string; readonly vm: string }): {
  vm: string;
  owner: string;
} {
  return { vm, owner: directory };
}
