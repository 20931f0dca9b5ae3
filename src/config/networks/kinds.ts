/** The kinds of network interfaces and their arguments. */
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
  /** Checks the arguments together, once each one is valid. */
  check?(values: OptionValues<Table>): readonly OptionMistake[];
}

const kind = <const Table extends ArgumentTable>(spec: NetworkKind<Table>): NetworkKind<Table> => spec;

const required = <T>(parse: Parser<T>, form: string, help: string) =>
  requiredOption(option(parse, form, help));

/** Shared by several kinds. */
const proxyInterface = required(
  parseInterface,
  'NAME',
  'The interface of the host that umlmon creates for this interface of the guest. The name must be unused.',
);

export const networkKinds = {
  host_to_host: kind({
    help: 'A link between host and guest, with an IPv4 or IPv6 address at each end. The guest assigns its address itself. With host_if, the network of that interface can reach the guest too: the host answers for the guest address there (proxy ARP or proxy NDP) and forwards. Requires root.',
    example: 'host_to_host(proxy_if=proxy1, proxy_addr=192.168.2.1, guest_addr=192.168.2.2)',
    arguments: {
      proxy_if: proxyInterface,
      proxy_addr: required(parseIpAddress, 'ADDRESS', 'The address of the host on this link.'),
      guest_addr: required(
        parseIpAddress,
        'ADDRESS',
        'The address that the guest uses. The host routes it to this link.',
      ),
      host_if: option(parseInterface, 'NAME', 'An interface of the host that answers for the guest address.'),
      mac: commonOptions.mac,
    },
    check: ({ proxy_if, proxy_addr, guest_addr, host_if }) => [
      ...(proxy_addr.family === guest_addr.family ? [] : [mixedFamilies(guest_addr)]),
      ...(proxy_addr.text === guest_addr.text
        ? [{ argument: 'guest_addr', cause: 'both ends have the same address', hint: 'use two' }]
        : []),
      ...(proxy_if === host_if
        ? [
            {
              argument: 'host_if',
              cause: 'it is proxy_if, which umlmon creates',
              hint: 'use another interface',
            },
          ]
        : []),
    ],
  }),
  bridged: kind({
    help: 'A port of an existing bridge: the guest is a member of the network of the bridge. Requires root.',
    example: 'bridged(bridge_if=br0, proxy_if=proxy1)',
    arguments: {
      bridge_if: required(parseInterface, 'NAME', 'The bridge. umlmon does not create it.'),
      proxy_if: proxyInterface,
      isolated: option(
        parseBoolean,
        'BOOLEAN',
        'Whether the guest reaches only ports of the bridge that are not isolated. If it is true for all guests, they cannot reach each other. The default is false.',
      ),
      vlan: option(
        integerParser(1, 4094),
        'NUMBER',
        'The VLAN of the guest on the bridge, from 1 to 4094. The guest sees no tags. The bridge must filter VLANs.',
      ),
      mac: commonOptions.mac,
    },
    check: ({ bridge_if, proxy_if }) =>
      bridge_if === proxy_if
        ? [
            {
              argument: 'proxy_if',
              cause: 'it is the bridge itself',
              hint: 'use another name, because umlmon creates this interface',
            },
          ]
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
    cause: `the guest address is ${here}, but proxy_addr is ${there}`,
    hint: 'use one family for both ends, or two interfaces',
  };
}

type Kinds = typeof networkKinds;
export type NetworkKindName = keyof Kinds;
/** A network interface of a VM: its kind and the values of its arguments. */
export type NetworkSpec = {
  [Name in NetworkKindName]: { readonly kind: Name } & OptionValues<Kinds[Name]['arguments']>;
}[NetworkKindName];

/** Whether a kind is a transport of the kernel; umlmon creates no interface on the host for it. */
export function isTransport(spec: NetworkSpec): spec is TransportSpec {
  return Object.hasOwn(networkTransports, spec.kind);
}
