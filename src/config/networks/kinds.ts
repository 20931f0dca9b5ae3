/** The kinds of network interfaces, with what stands between their parentheses. */
import type { IpAddress } from '../../system/ip-address.ts';
import { integerParser, type Parser, parseBoolean } from '../values/values.ts';
import type { OptionMistake } from './option-checks.ts';
import { commonOptions, option, required as requiredOption, type TransportOption } from './options.ts';
import { sharedKinds } from './shared.ts';
import { networkTransports, type OptionValues, type TransportSpec } from './transports.ts';
import { userKinds } from './user.ts';
import { parseInterface, parseIpAddress } from './values.ts';

export type ArgumentTable = Readonly<Record<string, TransportOption<unknown>>>;

/** A kind of interface: `KIND(ARGUMENT=VALUE, …)`. */
export interface NetworkKind<Table extends ArgumentTable> {
  /** One to four sentences for umlmon(5). */
  readonly help: string;
  readonly example: string;
  readonly arguments: Table;
  /** Called when every argument for itself is good. */
  check?(values: OptionValues<Table>): readonly OptionMistake[];
}

const kind = <const Table extends ArgumentTable>(spec: NetworkKind<Table>): NetworkKind<Table> => spec;

const required = <T>(parse: Parser<T>, form: string, help: string) =>
  requiredOption(option(parse, form, help));

/** What several kinds have. */
const proxyInterface = required(
  parseInterface,
  'NAME',
  'The interface of the host that umlmon makes for this one of the guest. There must be none of this name yet.',
);

export const networkKinds = {
  host_to_host: kind({
    help: 'A link between the host and the guest only, with an address for either end, IPv4 or IPv6. The guest sets its own address itself. With host_if the guest address can be reached from the network of that interface too: the host answers there for the guest (proxy ARP, for IPv6 proxy NDP) and forwards between the two. Needs root.',
    example: 'host_to_host(proxy_if=proxy1, proxy_addr=192.168.2.1, guest_addr=192.168.2.2)',
    arguments: {
      proxy_if: proxyInterface,
      proxy_addr: required(parseIpAddress, 'ADDRESS', 'The address of the host on this link.'),
      guest_addr: required(
        parseIpAddress,
        'ADDRESS',
        'The address that the guest will use. The host routes it to this link.',
      ),
      host_if: option(
        parseInterface,
        'NAME',
        'An interface of the host on which the guest address is announced.',
      ),
      mac: commonOptions.mac,
    },
    check: ({ proxy_if, proxy_addr, guest_addr, host_if }) => [
      ...(proxy_addr.family === guest_addr.family ? [] : [mixedFamilies(guest_addr)]),
      ...(proxy_addr.text === guest_addr.text
        ? [{ argument: 'guest_addr', cause: 'both ends have the same address', hint: 'take two' }]
        : []),
      ...(proxy_if === host_if
        ? [{ argument: 'host_if', cause: 'it is proxy_if, which umlmon makes', hint: 'name another' }]
        : []),
    ],
  }),
  bridged: kind({
    help: 'A port of a bridge that the administrator has made: the guest is in the network of the bridge, like any other machine there. Needs root.',
    example: 'bridged(bridge_if=br0, proxy_if=proxy1)',
    arguments: {
      bridge_if: required(parseInterface, 'NAME', 'The bridge. umlmon does not make it.'),
      proxy_if: proxyInterface,
      isolated: option(
        parseBoolean,
        'BOOLEAN',
        'Whether the guest can reach only those ports of the bridge that are not isolated: with true for all guests, they cannot reach each other. The default is false.',
      ),
      vlan: option(
        integerParser(1, 4094),
        'NUMBER',
        'The VLAN of the bridge that the guest is in, from 1 to 4094; the guest itself sees no tags. The bridge must filter VLANs.',
      ),
      mac: commonOptions.mac,
    },
    check: ({ bridge_if, proxy_if }) =>
      bridge_if === proxy_if
        ? [{ argument: 'proxy_if', cause: 'it is the bridge itself', hint: 'name another: umlmon makes it' }]
        : [],
  }),
  ...sharedKinds,
  ...userKinds,
  ...networkTransports,
};

function mixedFamilies({ family }: IpAddress): OptionMistake {
  const [here, there] = family === 4 ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4'];
  return {
    argument: 'guest_addr',
    cause: `the guest address is ${here}, and proxy_addr is ${there}`,
    hint: 'both ends need the same; give the VM two interfaces for both',
  };
}

type Kinds = typeof networkKinds;
export type NetworkKindName = keyof Kinds;
/** A network interface of a VM: its kind and the values of its arguments. */
export type NetworkSpec = {
  [Name in NetworkKindName]: { readonly kind: Name } & OptionValues<Kinds[Name]['arguments']>;
}[NetworkKindName];

/** Whether a kind is a transport of the kernel, for which umlmon makes nothing on the host. */
export function isTransport(spec: NetworkSpec): spec is TransportSpec {
  return Object.hasOwn(networkTransports, spec.kind);
}
