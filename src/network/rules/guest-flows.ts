/** The packets that must get through a host for an interface of a VM. Pure. */
import type { InterfacePlan } from '../plan/interface-plan.ts';
import type { Flow } from './walk-rules.ts';

export interface GuestFlow {
  /** Readable text: `what the guest sends`. */
  readonly what: string;
  readonly flow: Flow;
  /** Hooks that it passes, of these families of chains only. */
  readonly hooks: readonly string[];
  readonly families?: readonly string[];
  /** A rule that lets it through: by the interface on which it comes in, or goes out. */
  readonly by: 'iif' | 'oif';
  /** The host's end of the interface. */
  readonly end: string;
}

export interface Ways {
  /** Interfaces of the default routes, by family; undefined without one. */
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  /** Whether bridges hand packets between their ports to the rules for IP (bridge-nf-call-iptables, -ip6tables). */
  readonly bridged4: boolean;
  readonly bridged6: boolean;
}

const forwarded = ['prerouting', 'forward', 'postrouting'];
const incoming = ['prerouting', 'input'];
const outgoing = ['output', 'postrouting'];

export function flowsOf(plan: InterfacePlan, ways: Ways): GuestFlow[] {
  switch (plan.kind) {
    case 'nat':
      return natFlows(plan, ways);
    case 'host_to_host':
      return hostFlows(plan);
    case 'bridged':
      return [...bridgeFlows(masterOf(plan), ways), ...portFlows(plan.name)];
    case 'network':
      return bridgeFlows(masterOf(plan), ways);
    case 'gre':
    case 'l2tpv3':
      return plan.leg ? tunnelFlows(plan, ways) : [];
    default:
      return [];
  }
}

function natFlows({ shared, forwards }: InterfacePlan, ways: Ways): GuestFlow[] {
  if (!shared) return [];
  const { bridge: end, make } = shared.how;
  const passing = { hooks: forwarded, end };
  return addressesOf(make).flatMap((prefix): GuestFlow[] => {
    const family = familyOf(prefix);
    const way = ways[family];
    const [iif, oif] = [way === undefined ? {} : { iif: way }, way === undefined ? {} : { oif: way }];
    const out: Flow = { family, iif: end, ...oif, saddr: prefix, state: 'new' };
    const back: Flow = { family, ...iif, oif: end, daddr: prefix, state: 'established' };
    return [
      { what: 'what the guest sends', by: 'iif', flow: out, ...passing },
      { what: 'answers to the guest', by: 'oif', flow: back, ...passing },
      ...forwards.map(({ protocol, guestAddress, guestPort }): GuestFlow => {
        const to = { daddr: guestAddress, protocol, dport: String(guestPort) };
        const flow: Flow = { family, ...iif, oif: end, ...to, state: 'new', status: 'dnat' };
        return { what: 'connections to forwarded ports', by: 'oif', flow, ...passing };
      }),
    ];
  });
}

function hostFlows({ name: end, make, announced }: InterfacePlan): GuestFlow[] {
  const [guest = ''] = make.flatMap(([object, verb, what = '']) =>
    object === 'route' && verb === 'add' ? [what] : [],
  );
  const family = familyOf(guest);
  const ofGuest = { family, saddr: guest };
  const toGuest = { family, daddr: guest };
  const through = announced.flatMap(({ on }): GuestFlow[] => [
    {
      what: 'what the guest sends',
      by: 'iif',
      hooks: forwarded,
      end,
      flow: { ...ofGuest, iif: end, oif: on, state: 'new' },
    },
    {
      what: 'what is sent to the guest',
      by: 'oif',
      hooks: forwarded,
      end,
      flow: { ...toGuest, iif: on, oif: end, state: 'new' },
    },
    {
      what: 'answers to the guest',
      by: 'oif',
      hooks: forwarded,
      end,
      flow: { ...toGuest, iif: on, oif: end, state: 'established' },
    },
  ]);
  return [
    ...through,
    {
      what: 'what the host sends to the guest',
      by: 'oif',
      hooks: outgoing,
      end,
      flow: { ...toGuest, oif: end, state: 'new' },
    },
    {
      what: 'answers of the guest to the host',
      by: 'iif',
      hooks: incoming,
      end,
      flow: { ...ofGuest, iif: end, state: 'established' },
    },
    ...(through.length > 0
      ? []
      : [
          {
            what: 'what the guest sends to the host',
            by: 'iif',
            hooks: incoming,
            end,
            flow: { ...ofGuest, iif: end, state: 'new' },
          } as const,
        ]),
  ];
}

/** Between ports of one bridge. */
function bridgeFlows(end: string, { bridged4, bridged6 }: Ways): GuestFlow[] {
  const of = (family: Flow['family']): GuestFlow => ({
    ...{ what: 'what the guest and others on its bridge send each other', by: 'iif', hooks: forwarded, end },
    ...{ families: ['ip', 'ip6', 'inet'], flow: { family, iif: end, oif: end, state: 'new' } },
  });
  return end === '' ? [] : [...(bridged4 ? [of('ipv4')] : []), ...(bridged6 ? [of('ipv6')] : [])];
}

/** Chains of the family bridge see the ports. */
function portFlows(end: string): GuestFlow[] {
  const shared = { hooks: forwarded, families: ['bridge'], end };
  return [
    { what: 'what the guest sends', by: 'iif', flow: { family: 'ipv4', iif: end, state: 'new' }, ...shared },
    {
      what: 'what is sent to the guest',
      by: 'oif',
      flow: { family: 'ipv4', oif: end, state: 'new' },
      ...shared,
    },
  ];
}

/** Without connection tracking in either direction (veth-plan.ts). */
function tunnelFlows({ name: end, kind, leg }: InterfacePlan, ways: Ways): GuestFlow[] {
  return addressesOf(leg?.outside ?? []).flatMap((address): GuestFlow[] => {
    const family = familyOf(address);
    const way = ways[family];
    const packet = { family, protocol: kind === 'gre' ? 'gre' : 'l2tp', state: 'untracked' } as const;
    return [
      {
        what: 'what the guest sends',
        by: 'iif',
        hooks: forwarded,
        end,
        flow: { ...packet, iif: end, ...(way ? { oif: way } : {}) },
      },
      {
        what: 'what is sent to the guest',
        by: 'oif',
        hooks: forwarded,
        end,
        flow: { ...packet, oif: end, ...(way ? { iif: way } : {}) },
      },
    ];
  });
}

function masterOf({ make }: InterfacePlan): string {
  const words = make.find((one) => one.includes('master')) ?? [];
  return words[words.indexOf('master') + 1] ?? '';
}

function addressesOf(commands: InterfacePlan['make']): string[] {
  return commands.flatMap(([object, verb, what = '']) =>
    object === 'address' && verb === 'add' ? [what] : [],
  );
}

function familyOf(address: string): Flow['family'] {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
