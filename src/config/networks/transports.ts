/**
 * The transports of the kernel's vector devices, with all their options (HOWTO v2, “Configuring vector transports”;
 * arch/um/drivers/vector_user.c and vector_transports.c) and what each needs of the host.
 */
import {
  cookieMistakes,
  endMistakes,
  followMistakes,
  type OptionMistake,
  pairMistakes,
  portMistakes,
} from './option-checks.ts';
import {
  commonOptions,
  cookieOption,
  descriptorOption,
  endOptions,
  filterOption,
  flagOption,
  interfaceOption,
  ownPortMin,
  portOption,
  required,
  socketOption,
  type TransportOption,
  type TunnelEnd,
  wordOption,
} from './options.ts';

/** What the kernel needs beyond an ordinary jail. The jail grants exactly this. */
export interface TransportNeeds {
  /**
   * `host`: the network namespace with the interface or address. `own`: a separate one that is connected to it. `none`:
   * an empty one suffices.
   */
  readonly network: 'host' | 'own' | 'none';
  readonly capabilities: readonly 'CAP_NET_RAW'[];
  /** Families that socket(2) must allow in the filter for system calls. */
  readonly socketFamilies: readonly ('AF_PACKET' | 'AF_INET' | 'AF_INET6' | 'AF_UNIX')[];
  /** Device files, read and write, on a mount without nodev. */
  readonly devices: readonly string[];
  /** The tap that must exist, be up, and belong to the user of the VM. */
  readonly tap?: string;
  /** The name of the descriptor that the kernel inherits. */
  readonly descriptor?: string;
}

type OptionTable = Readonly<Record<string, TransportOption<unknown>>>;
type ValueOf<O> = O extends TransportOption<infer T> ? T : never;
/** The typed values of a table; only those of required options are always set. */
export type OptionValues<Table> = {
  readonly [Name in keyof Table as Table[Name] extends { required: true } ? Name : never]: ValueOf<
    Table[Name]
  >;
} & {
  readonly [Name in keyof Table as Table[Name] extends { required: true } ? never : Name]?: ValueOf<
    Table[Name]
  >;
};

export interface Transport<Table extends OptionTable> {
  /** One to four sentences for umlmon(5). */
  readonly help: string;
  readonly example: string;
  readonly arguments: Table;
  /** Checks the options together, once each one is valid; returns all problems. */
  check(values: OptionValues<Table>): readonly OptionMistake[];
  needs(values: OptionValues<Table>): TransportNeeds;
}

const transport = <const Table extends OptionTable>(spec: Transport<Table>): Transport<Table> => spec;

const nothing: TransportNeeds = { network: 'none', capabilities: [], socketFamilies: [], devices: [] };
const tunDevice = '/dev/net/tun';

export const networkTransports = {
  tap: transport({
    help: 'An existing tap of the host that is up and belongs to vmuser. It is the fastest transport and needs the fewest privileges.',
    example: 'tap(ifname=tap0)',
    arguments: { ifname: required(interfaceOption), ...commonOptions },
    check: () => [],
    needs: ({ ifname }) => ({ ...nothing, network: 'host', devices: [tunDevice], tap: ifname }),
  }),
  hybrid: transport({
    help: 'Like raw, but the guest sends through a tap, which umlmon creates in the network namespace of the kernel. Requires root and nftables.',
    example: 'hybrid(ifname=veth1)',
    arguments: { ifname: required(interfaceOption), ...commonOptions, bpffile: filterOption },
    check: () => [],
    needs: () => ({
      network: 'own',
      capabilities: ['CAP_NET_RAW'],
      socketFamilies: ['AF_PACKET'],
      devices: [tunDevice],
    }),
  }),
  raw: transport({
    help: 'A raw socket that receives and sends on an interface of the host, which other programs can use too. A physical interface must be promiscuous to receive packets for the guest (ip link set NAME promisc on); an end of a veth pair need not. The raw sockets are in a separate network namespace. Requires root and nftables.',
    example: 'raw(ifname=veth1, depth=128)',
    arguments: { ifname: required(interfaceOption), ...commonOptions, bpffile: filterOption },
    check: () => [],
    needs: () => ({
      ...nothing,
      network: 'own',
      capabilities: ['CAP_NET_RAW'],
      socketFamilies: ['AF_PACKET'],
    }),
  }),
  gre: transport({
    help: 'Ethernet over GRE (gretap) to another host, network device, or guest of another host. There is one tunnel between two addresses. The keys do not protect it, and there is no GRE checksum. The raw sockets are in a separate network namespace, for which the host forwards. Requires root and nftables.',
    example: 'gre(src=192.168.129.1, dst=192.168.128.1, rx_key=1, tx_key=1)',
    arguments: {
      ...endOptions,
      rx_key: wordOption(0, 'Key of received packets, of 32 bits.'),
      tx_key: wordOption(0, 'Key of sent packets, of 32 bits.'),
      sequence: flagOption('Packets are numbered.'),
      pin_sequence: flagOption('Every packet has the number 0, for peers without sequence numbers.'),
      ...commonOptions,
    },
    check: (values) => [
      ...endMistakes(values, true),
      ...pairMistakes(values, 'rx_key', 'tx_key'),
      ...followMistakes(values, 'pin_sequence', 'sequence'),
    ],
    needs: ({ src }) => rawIpNeeds(src),
  }),
  l2tpv3: transport({
    help: 'Ethernet over a static L2TPv3 tunnel (ip l2tp), over UDP or IP. UDP requires no privilege and allows one tunnel per port. The requirements and restrictions of IP are those of gre.',
    example:
      'l2tpv3(udp=on, src=192.168.126.2, dst=192.168.126.1, srcport=1707, dstport=1706, rx_session=1, tx_session=2)',
    arguments: {
      ...endOptions,
      udp: flagOption('Over UDP; otherwise over IP.'),
      srcport: portOption(ownPortMin, 'UDP port on which the guest listens, at least 1024.'),
      dstport: portOption(1, 'UDP port of the other end.'),
      // Session 0 carries control messages (RFC 3931, 4.1.1.1).
      rx_session: required(
        wordOption(1, 'Session of received packets; the peer_session_id of the other end.'),
      ),
      tx_session: required(wordOption(1, 'Session of sent packets; the session_id of the other end.')),
      rx_cookie: cookieOption('Cookie of received packets.'),
      tx_cookie: cookieOption('Cookie of sent packets.'),
      cookie64: flagOption('Cookies have 64 bits; otherwise 32.'),
      counter: flagOption('Packets are numbered.'),
      pin_counter: flagOption('Every packet has the number 0, for peers without sequence numbers.'),
      ...commonOptions,
    },
    check: (values) => [
      ...endMistakes(values, values.udp !== true),
      ...portMistakes(values),
      ...pairMistakes(values, 'rx_cookie', 'tx_cookie'),
      ...cookieMistakes(values),
      ...followMistakes(values, 'pin_counter', 'counter'),
    ],
    needs: ({ src, udp }) => (udp === true ? ipNeeds(src) : rawIpNeeds(src)),
  }),
  bess: transport({
    help: 'A sequential packet socket of a switch such as BESS. The switch must listen before the guest sets the interface up.',
    example: 'bess(dst=/run/uml/switch)',
    arguments: {
      dst: required(socketOption('The socket of the switch, as the jail sees it.')),
      src: socketOption(
        'The path to which the kernel binds its own end. The kernel does not remove it: once set down, the interface cannot be set up again.',
      ),
      ...commonOptions,
    },
    check: ({ dst, src }) =>
      dst === src
        ? [{ argument: 'src', cause: 'it is dst, the socket of the switch', hint: 'use another path' }]
        : [],
    needs: () => ({ ...nothing, socketFamilies: ['AF_UNIX'] }),
  }),
  fd: transport({
    help: 'A descriptor that the kernel inherits: one end of a socketpair of packets, or a tap, which requires vec=off. The program that runs umlmon -fg passes it as in sd_listen_fds(3). Requires no privilege. A guest that sets the interface down closes the descriptor, and can set it up again only after a new start of the VM.',
    example: 'fd(fd=lab)',
    arguments: { fd: required(descriptorOption), ...commonOptions },
    check: () => [],
    needs: ({ fd }) => ({ ...nothing, descriptor: fd }),
  }),
} as const;

type Transports = typeof networkTransports;
export type TransportName = keyof Transports;
/** An interface of a VM: its transport as kind, and the values of its options. */
export type TransportSpec = {
  [Name in TransportName]: { readonly kind: Name } & OptionValues<Transports[Name]['arguments']>;
}[TransportName];

/** Well-known kinds that umlmon does not support → why. */
export const refusedKinds: Readonly<Record<string, string>> = {
  vde: 'the kernel would run vde_plug in the jail; use bridged, or a named network',
};

/** Options of the kernel that umlmon does not support → why. */
export const refusedOptions: Readonly<Record<string, string>> = {
  bpfflash: 'it lets the guest load filters into the host; use bpffile',
  ifup: 'the kernel would run a program inside the jail; umlmon sets interfaces up itself',
  transport: 'the name before the parenthesis is the transport',
};

export function transportNeeds(spec: TransportSpec): TransportNeeds {
  // Kind and values of a spec belong together, which the compiler cannot follow through the table.
  const { needs } = networkTransports[spec.kind] as { needs(values: TransportSpec): TransportNeeds };
  return needs(spec);
}

function rawIpNeeds(src: TunnelEnd): TransportNeeds {
  return { ...ipNeeds(src), network: 'own', capabilities: ['CAP_NET_RAW'] };
}

function ipNeeds({ family }: TunnelEnd): TransportNeeds {
  return { ...nothing, network: 'host', socketFamilies: [family === 4 ? 'AF_INET' : 'AF_INET6'] };
}
