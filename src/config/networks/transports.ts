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

/** What the kernel needs beyond what every jail has; nothing else is to be given to it. */
export interface TransportNeeds {
  /**
   * `host`: the network namespace with the interface or address; `own`: one of its own, connected to that; `none`: an
   * empty one will do.
   */
  readonly network: 'host' | 'own' | 'none';
  readonly capabilities: readonly 'CAP_NET_RAW'[];
  /** Families that socket(2) must allow in the filter for system calls. */
  readonly socketFamilies: readonly ('AF_PACKET' | 'AF_INET' | 'AF_INET6' | 'AF_UNIX')[];
  /** Device files, read and write, on a mount without nodev. */
  readonly devices: readonly string[];
  /** The tap that must exist, be up, and belong to the user of the VM. */
  readonly tap?: string;
  /** The name of the descriptor that must be passed on. */
  readonly descriptor?: string;
}

type OptionTable = Readonly<Record<string, TransportOption<unknown>>>;
type ValueOf<O> = O extends TransportOption<infer T> ? T : never;
/** The typed values of a table: those of required options are there, the others may be. */
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
  /** Called when every option for itself is good; tells all that is wrong. */
  check(values: OptionValues<Table>): readonly OptionMistake[];
  needs(values: OptionValues<Table>): TransportNeeds;
}

const transport = <const Table extends OptionTable>(spec: Transport<Table>): Transport<Table> => spec;

const nothing: TransportNeeds = { network: 'none', capabilities: [], socketFamilies: [], devices: [] };
const tunDevice = '/dev/net/tun';

export const networkTransports = {
  tap: transport({
    help: 'A tap of the host that exists, is up, and belongs to vmuser. The fastest transport, and the one that needs least.',
    example: 'tap(ifname=tap0)',
    arguments: { ifname: required(interfaceOption), ...commonOptions },
    check: () => [],
    needs: ({ ifname }) => ({ ...nothing, network: 'host', devices: [tunDevice], tap: ifname }),
  }),
  hybrid: transport({
    help: 'As raw, but the guest sends through a tap: umlmon makes one in the network namespace of the kernel. Needs root, and nftables.',
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
    help: 'A raw socket that hears what arrives at an interface of the host, besides whatever else uses that, and sends from there. An interface of the network must be promiscuous to receive for the address of the guest (ip link set NAME promisc on); an end of a veth pair takes all. The kernel has its raw sockets in a network namespace of its own. Needs root, and nftables.',
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
    help: 'Ethernet over GRE (gretap) to another host, network device, or guest of another host. One tunnel between two addresses; the keys are no protection. There is no GRE checksum. The kernel has its raw sockets in a network namespace of its own, for which the host forwards. Needs root, and nftables.',
    example: 'gre(src=192.168.129.1, dst=192.168.128.1, rx_key=1, tx_key=1)',
    arguments: {
      ...endOptions,
      rx_key: wordOption(0, 'Key of what is received, of 32 bits.'),
      tx_key: wordOption(0, 'Key of what is sent, of 32 bits.'),
      sequence: flagOption('Packets are numbered.'),
      pin_sequence: flagOption('Every packet has the number 0, for other ends that cannot count.'),
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
    help: 'Ethernet over a fixed L2TPv3 tunnel (ip l2tp): over UDP, which needs no privilege and as many tunnels as there are ports, or over IP, with what gre needs and has.',
    example:
      'l2tpv3(udp=on, src=192.168.126.2, dst=192.168.126.1, srcport=1707, dstport=1706, rx_session=1, tx_session=2)',
    arguments: {
      ...endOptions,
      udp: flagOption('Over UDP; otherwise over IP.'),
      srcport: portOption(ownPortMin, 'UDP port at which the guest listens, from 1024 on.'),
      dstport: portOption(1, 'UDP port of the other end.'),
      // Session 0 carries control messages (RFC 3931, 4.1.1.1).
      rx_session: required(
        wordOption(1, 'Session of what is received; the peer_session_id of the other end.'),
      ),
      tx_session: required(wordOption(1, 'Session of what is sent; the session_id of the other end.')),
      rx_cookie: cookieOption('Cookie of what is received.'),
      tx_cookie: cookieOption('Cookie of what is sent.'),
      cookie64: flagOption('Cookies have 64 bits; otherwise 32.'),
      counter: flagOption('Packets are numbered.'),
      pin_counter: flagOption('Every packet has the number 0, for other ends that cannot count.'),
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
    help: 'A sequential packet socket of a switch such as BESS, which must listen before the guest sets the interface up.',
    example: 'bess(dst=/run/uml/switch)',
    arguments: {
      dst: required(socketOption('The socket of the switch, as the jail sees it.')),
      src: socketOption(
        'Where the kernel binds its own end. It does not remove that: set down, the interface cannot come up again.',
      ),
      ...commonOptions,
    },
    check: ({ dst, src }) =>
      dst === src
        ? [{ argument: 'src', cause: 'it is dst, the socket of the switch', hint: 'take another path' }]
        : [],
    needs: () => ({ ...nothing, socketFamilies: ['AF_UNIX'] }),
  }),
  fd: transport({
    help: 'A descriptor that the kernel inherits: one end of a socketpair of packets, or a tap, which needs vec=off. It is passed to the monitor by whoever starts it with umlmon -fg, as sd_listen_fds(3) has it. Needs no privilege. A guest that sets the interface down closes it, and cannot set it up again before the VM is started anew.',
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

/** Kinds that people ask for, and that umlmon does not offer: why. */
export const refusedKinds: Readonly<Record<string, string>> = {
  vde: 'the kernel would run vde_plug inside the jail; use bridged, or a named network',
};

/** Options that the kernel has, and that umlmon does not offer. */
export const refusedOptions: Readonly<Record<string, string>> = {
  bpfflash: 'it lets the guest load filters into the host; use bpffile',
  ifup: 'the kernel would run a program inside the jail; umlmon sets interfaces up itself',
  transport: 'the word before the parenthesis is the transport',
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
