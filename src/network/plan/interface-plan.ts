/** What each network interface of a VM needs on the host, as commands of ip(8) and rules of nft(8). Pure. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isTransport, type NetworkSpec } from '../../config/networks/kinds.ts';
import { linkOf } from '../../config/networks/shared.ts';
import { type TransportNeeds, type TransportSpec, transportNeeds } from '../../config/networks/transports.ts';
import type { KernelArgument } from '../../config/values/kernel-argument.ts';
import type { HostNetwork } from '../host/host-network.ts';
import type { CommandWords } from '../host/run-ip.ts';
import type { Announcement } from './announcement.ts';
import { guestCommands } from './guest-commands.ts';
import type { KernelSetting } from './kernel-settings.ts';
import type { PortForward } from './nat-plan.ts';
import { type PastaPlan, planPasta, type UserSpec, userNeeds } from './pasta-plan.ts';
import {
  joinCommands,
  linkedMtu,
  type OwnRules,
  planMirror,
  withoutLinkLocal,
} from './private-bridge-plan.ts';
import { forwardsOf, planShared, type SharedPlan, type SharedSpec } from './shared-plan.ts';
import { interfaceArgument, type KernelTransports } from './vector-options.ts';
import { type LegSpec, planVeth, type VethPair, type VethPlan } from './veth-plan.ts';

/** An interface of a VM, with everything of it on the host. */
export interface InterfacePlan {
  readonly unit: number;
  readonly kind: NetworkSpec['kind'];
  /** Its name in the guest. */
  readonly guest: string;
  /** Its other end on the host, mostly a tap; '' if the other end is not an interface. */
  readonly name: string;
  /** Name of the tap until it has its mark; unique. '' if umlmon makes no tap. */
  readonly temporary: string;
  /** Mark that identifies the tap of this VM (ifalias). '' if umlmon makes no tap. */
  readonly alias: string;
  /** Of the guest. */
  readonly mac: string;
  /** What the kernel needs for it in addition to an ordinary jail. */
  readonly needs: TransportNeeds;
  /** Of the kernel: `vecN:transport=…`, or `ethN=…` for those before the vector devices. */
  readonly argument: KernelArgument;
  /** The network that umlmon makes for it and for other VMs. */
  readonly shared?: SharedPlan;
  /** Ports of the host that lead to it. */
  readonly forwards: readonly PortForward[];
  /** Commands of ip(8) for the tap. The removal of the tap undoes them. */
  readonly make: readonly CommandWords[];
  /** Commands of bridge(8), after those. */
  readonly join: readonly CommandWords[];
  /** Rules of nftables for this interface alone, after those; for a veth pair after the pair is made. */
  readonly rules: readonly OwnRules[];
  /** Only for transports of a kernel in a network namespace of its own. */
  readonly leg?: VethPlan;
  /** Only for networks without root. */
  readonly user?: PastaPlan;
  /** Settings of the tap. The removal of the tap undoes them. */
  readonly own: readonly KernelSetting[];
  /** Settings of other interfaces, to be restored when no VM needs them. */
  readonly others: readonly KernelSetting[];
  /** Addresses that other interfaces announce for the guest, to be removed. */
  readonly announced: readonly Announcement[];
  /** Commands for the guest. */
  readonly guestCommands: readonly string[];
}

/** Packets that the driver reads or writes at once; its own default. */
const queueDepth = 64;

export interface NetworkRequest {
  readonly vm: string;
  /** VARDIR/VM, which distinguishes the VMs of several installations of umlmon on a host. */
  readonly home: string;
  /** The directory of the records, which distinguishes several installations of umlmon on a host. */
  readonly owner: string;
  /** The user who may open the taps. */
  readonly uid: number;
  readonly kernel: KernelTransports;
  /** Descriptors that the kernel inherits, by their names; empty for a kernel that already runs. */
  readonly descriptors?: ReadonlyMap<string, number>;
  /** Hardware addresses by the numbers of the interfaces. */
  readonly macs: ReadonlyMap<number, string>;
  readonly interfaces: readonly (NetworkSpec & { readonly unit: number })[];
}

export function planInterfaces(request: NetworkRequest, host: HostNetwork): InterfacePlan[] {
  return request.interfaces.map((spec) => {
    const mac = request.macs.get(spec.unit);
    if (mac === undefined) throw new Error(`eth${spec.unit} has no hardware address`);
    if (spec.kind === 'user') return userNet(spec, request, mac, host);
    if (isLegSpec(spec)) return legged(spec, request, mac, host);
    if (isTransport(spec)) return foreign(spec, request, mac);
    const tap = tapOf(request, spec, { name: hostInterfaceName(request, spec), mac }, host);
    if (spec.kind === 'host_to_host') return hostToHost(tap, spec);
    return spec.kind === 'bridged' ? bridged(tap, spec, host) : shared(tap, spec, request, host);
  });
}

/** A transport of the kernel to something that umlmon does not make. */
function foreign(
  spec: TransportSpec & { readonly unit: number },
  { kernel, descriptors }: NetworkRequest,
  mac: string,
): InterfacePlan {
  const { unit } = spec;
  const inside = spec.kind === 'fd' ? { ...spec, fd: String(descriptors?.get(spec.fd) ?? spec.fd) } : spec;
  const { argument, guestName: guest } = interfaceArgument(unit, inside, mac, kernel);
  return {
    unit,
    kind: spec.kind,
    guest,
    name: 'ifname' in spec ? spec.ifname : '',
    temporary: '',
    alias: '',
    mac,
    needs: transportNeeds(spec),
    argument,
    ...nothingElse,
    make: [],
    guestCommands: guestCommands(spec, guest),
  };
}

function isLegSpec(spec: NetworkSpec): spec is LegSpec {
  return isTransport(spec) && transportNeeds(spec).network === 'own';
}

function userNet(
  spec: UserSpec & { readonly unit: number },
  { home, kernel }: NetworkRequest,
  mac: string,
  { ipv6 }: HostNetwork,
): InterfacePlan {
  const { unit, kind } = spec;
  const { plan: user, spec: inside } = planPasta(spec, unit, join(home, 'run'), ipv6);
  const { argument, guestName: guest } = interfaceArgument(unit, inside, mac, kernel);
  return {
    ...{ unit, kind, guest, name: '', temporary: '', alias: '', mac, argument, user },
    needs: userNeeds,
    ...nothingElse,
    make: [],
    guestCommands: guestCommands(spec, guest),
  };
}

/** A transport of the kernel that needs raw sockets. */
function legged(
  spec: LegSpec & { readonly unit: number },
  request: NetworkRequest,
  mac: string,
  host: HostNetwork,
): InterfacePlan {
  const { unit } = spec;
  const name = temporaryName(request, unit);
  const alias = aliasOf(request, unit);
  const {
    plan,
    rules,
    spec: inside,
  }: VethPair = planVeth(spec, {
    ...{ unit, name, alias, uid: request.uid, ipv6: host.ipv6 },
    hash: hashOf(alias),
  });
  const { argument, guestName: guest } = interfaceArgument(unit, inside, mac, request.kernel);
  const routed = 'src' in spec && spec.src.family === 4;
  return {
    ...{ unit, kind: spec.kind, guest, name, temporary: name, alias, mac, argument },
    needs: transportNeeds(spec),
    ...nothingElse,
    make: [],
    leg: plan,
    rules: [rules],
    others: routed ? forwardingBetween(host) : [],
    guestCommands: guestCommands(spec, guest),
  };
}

const nothingElse = { join: [], rules: [], own: [], others: [], announced: [], forwards: [] } as const;

/** The mark of a VM's tap: a readable text, and a hash of the VM's own directory, which is unique. */
export function aliasOf({ vm, home }: Pick<NetworkRequest, 'vm' | 'home'>, unit: number): string {
  return `umlmon:${vm}:eth${unit}:${hashOf(home).slice(0, 8)}`;
}

/** Whether an interface of the host is a tap of this VM. */
export function isMarkOf(vm: Pick<NetworkRequest, 'vm' | 'home'>, alias: string): boolean {
  const unit = /:eth(\d+):/.exec(alias)?.[1];
  return unit !== undefined && alias === aliasOf(vm, Number(unit));
}

type Tap = Omit<InterfacePlan, keyof typeof nothingElse | 'guestCommands' | 'shared'>;

function tapOf(
  request: NetworkRequest,
  spec: NetworkRequest['interfaces'][number],
  { name, mac }: Pick<Tap, 'name' | 'mac'>,
  { ipv6 }: HostNetwork,
): Tap {
  const { unit, kind } = spec;
  const temporary = temporaryName(request, unit);
  const alias = aliasOf(request, unit);
  const own6 = spec.kind === 'host_to_host' && spec.guest_addr.family === 6;
  const set = (...words: string[]) => ['link', 'set', 'dev', temporary, ...words];
  const tap: TransportSpec = { kind: 'tap', ifname: name };
  // Without gro=1 the kernel drops the large packets of the host, which are most packets of TCP.
  const link = spec.kind === 'network' ? linkOf(spec) : undefined;
  const how = { ...tap, gro: true, depth: queueDepth, ...(link ? { mtu: linkedMtu(link) } : {}) };
  const { argument, guestName: guest } = interfaceArgument(unit, how, mac, request.kernel);
  return {
    unit,
    kind,
    guest,
    name,
    temporary,
    alias,
    mac,
    needs: transportNeeds(tap),
    argument,
    make: [
      ['tuntap', 'add', 'dev', temporary, 'mode', 'tap', 'user', String(request.uid), 'vnet_hdr'],
      set('alias', alias),
      // No link-local address: a guest reaches the host only in the ways of the configuration.
      ...withoutLinkLocal(temporary, ipv6 && !own6),
      // High: a bridge takes the lowest address of its ports, and must not change its address with this port.
      set('address', `fe:${(hashOf(alias).slice(0, 10).match(/../g) ?? []).join(':')}`),
      // Fails if the name exists: an interface of another program is never used.
      ...(name === temporary ? [] : [set('name', name)]),
    ],
  };
}

function hostToHost(tap: Tap, spec: Extract<NetworkSpec, { kind: 'host_to_host' }>): InterfacePlan {
  const { name, guest } = tap;
  const { proxy_addr: here, guest_addr: there, host_if: on } = spec;
  const six = there.family === 6;
  const length = six ? 128 : 32;
  const conf = (of: string, what: string) => ({
    name: `net/ipv${there.family}/conf/${of}/${what}`,
    value: '1',
  });
  return {
    ...tap,
    make: [
      ...tap.make,
      // nodad: the link has no other host, and the address is needed at once.
      ['address', 'add', `${here.text}/${length}`, 'dev', name, ...(six ? ['nodad'] : [])],
      ['link', 'set', 'dev', name, 'up'],
      ['route', 'add', `${there.text}/${length}`, 'dev', name, 'src', here.text],
    ],
    ...nothingElse,
    // With proxy_arp the host answers on the link for all addresses that it can reach. So the guest may use the prefix
    // length of the network in which it is announced.
    own: on === undefined ? [] : [conf(name, 'forwarding'), conf(name, six ? 'proxy_ndp' : 'proxy_arp')],
    // Not `forwarding` for IPv6: that would make the host forget the routes that it has learned from routers.
    others: on === undefined ? [] : [conf(on, six ? 'proxy_ndp' : 'forwarding')],
    announced: on === undefined ? [] : [{ address: there.text, on }],
    guestCommands: guestCommands(spec, guest),
  };
}

function bridged(
  tap: Tap,
  spec: Extract<NetworkSpec, { kind: 'bridged' }>,
  { links }: HostNetwork,
): InterfacePlan {
  const { name, guest } = tap;
  const { bridge_if: bridge, isolated, vlan } = spec;
  const ordinary = links.find((link) => link.name === bridge)?.bridge?.defaultVlan ?? 0;
  return {
    ...tap,
    ...nothingElse,
    make: [
      ...tap.make,
      ['link', 'set', 'dev', name, 'master', bridge],
      ...(isolated ? [['link', 'set', 'dev', name, 'type', 'bridge_slave', 'isolated', 'on']] : []),
      ['link', 'set', 'dev', name, 'up'],
    ],
    join:
      vlan === undefined
        ? []
        : [
            ['vlan', 'add', 'dev', name, 'vid', String(vlan), 'pvid', 'untagged'],
            ...(ordinary === 0 || ordinary === vlan
              ? []
              : [['vlan', 'del', 'dev', name, 'vid', String(ordinary)]]),
          ],
    guestCommands: guestCommands(spec, guest),
  };
}

function shared(
  tap: Tap,
  spec: SharedSpec & { readonly unit: number },
  { owner }: NetworkRequest,
  host: HostNetwork,
): InterfacePlan {
  const plan = planShared(spec, owner, host.ipv6);
  const routed = spec.kind === 'nat' && spec.subnet.family === 4;
  const mirror =
    spec.kind === 'network' && spec.mirror === true
      ? planMirror({ bridge: plan.how.bridge, tap: tap.name, mac: tap.mac })
      : undefined;
  return {
    ...tap,
    ...nothingElse,
    make: [...tap.make, ...joinCommands(plan.how, tap.name), ...(mirror?.make ?? [])],
    join: mirror?.join ?? [],
    rules: mirror ? [mirror.rules] : [],
    own: routed ? [forwarding4(plan.how.bridge)] : [],
    others: routed ? forwardingBetween(host) : [],
    shared: plan,
    forwards: forwardsOf(spec),
    guestCommands: guestCommands(spec, tap.guest),
  };
}

function forwarding4(of: string): KernelSetting {
  return { name: `net/ipv4/conf/${of}/forwarding`, value: '1' };
}

/**
 * IPv4, for all interfaces that have an address. Not the general ip_forward: a change of that changes the
 * settings of all interfaces, too.
 */
function forwardingBetween({ links }: HostNetwork): KernelSetting[] {
  const ways = links.filter(
    ({ name, alias, addresses }) => name !== 'lo' && !alias.startsWith('umlmon:') && addresses.length > 0,
  );
  return ways.map(({ name }) => forwarding4(name));
}

function temporaryName({ home }: Pick<NetworkRequest, 'home'>, unit: number): string {
  return `um${hashOf(home).slice(0, 8)}-${unit}`;
}

/** The other end of an interface on the host; '' if the other end is not an interface. */
export function hostInterfaceName(
  vm: Pick<NetworkRequest, 'home'>,
  spec: NetworkRequest['interfaces'][number],
): string {
  if (isTransport(spec)) return 'ifname' in spec ? spec.ifname : '';
  return 'proxy_if' in spec ? spec.proxy_if : temporaryName(vm, spec.unit);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
