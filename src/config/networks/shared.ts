/** The kinds `network` and `nat`: networks that umlmon creates and that VMs share by name. */
import { BlockList, isIP } from 'node:net';
import { type IpAddress, shortAddress } from '../../system/ip-address.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import { quoted } from '../problem.ts';
import { integerParser, type ParsedValue, refuse } from '../values/values.ts';
import type { OptionMistake } from './option-checks.ts';
import { commonOptions, flagOption, portOption, type TransportOption } from './options.ts';
import type { OptionValues } from './transports.ts';
import { parseIpAddress } from './values.ts';

const argument = <T, const R extends boolean>(
  required: R,
  form: string,
  help: string,
  parse: (text: string) => ParsedValue<T>,
) => ({ parse, required, form, help }) as const;

/** A network of addresses; the gateway is the first of them. */
export interface Subnet {
  readonly family: 4 | 6;
  readonly gateway: string;
  /** Normalised: `10.8.0.0/24`. */
  readonly prefix: string;
  readonly length: number;
}

export interface Forward {
  readonly protocol: 'tcp' | 'udp';
  readonly hostPort: number;
  readonly guestPort: number;
}

export function forwardText({ protocol, hostPort }: Pick<Forward, 'protocol' | 'hostPort'>): string {
  return `${protocol} port ${hostPort} of the host`;
}

/** A link to the network of another host, over VXLAN (RFC 7348). */
export interface NetworkLink {
  /** VXLAN network identifier, 1 to 16777215, the same at both ends. */
  readonly id: number;
  readonly local: IpAddress;
  readonly remote: IpAddress;
  /** UDP, at both ends. */
  readonly port: number;
}

/** The port of VXLAN (RFC 7348, section 5). */
const vxlanPort = 4789;
/** 24 bits. */
const vxlanIdMax = 0xff_ffff;

/** The link of a network from its arguments; undefined without them. */
export function linkOf({ link_id, local, remote, link_port }: LinkArguments): NetworkLink | undefined {
  if (link_id === undefined || !local || !remote) return undefined;
  return { id: link_id, local, remote, port: link_port ?? vxlanPort };
}

interface LinkArguments {
  readonly link_id?: number;
  readonly local?: IpAddress;
  readonly remote?: IpAddress;
  readonly link_port?: number;
}

/** The arguments that must be equal in all VMs of a network, as text. */
export function termsOf(
  spec:
    | ({ readonly kind: 'network'; readonly hub?: boolean } & LinkArguments)
    | { readonly kind: 'nat'; readonly subnet: Subnet; readonly reach_host?: boolean },
): string {
  if (spec.kind === 'network') {
    const link = linkOf(spec);
    const to = link
      ? `, link_id=${link.id}, local=${link.local.text}, remote=${link.remote.text}, link_port=${link.port}`
      : '';
    return `hub=${spec.hub === true ? 'on' : 'off'}${to}`;
  }
  return `subnet=${spec.subnet.prefix}, reach_host=${spec.reach_host === true ? 'on' : 'off'}`;
}

/** The name is part of names and aliases of interfaces. */
export function parseNetworkName(text: string): ParsedValue<string> {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(text)) return { value: text };
  return refuse(
    `${quoted(text)} is not a valid network name`,
    'use at most 32 letters, digits, - and _; start with a letter or digit',
  );
}

/** Room for at least two and at most a million guests. */
const lengths = { 4: { min: 12, max: 29 }, 6: { min: 48, max: 125 } } as const;

/** `10.8.0.0/24`, `fd08::/64`: only zeros after the prefix. */
export function parseSubnet(text: string): ParsedValue<Subnet> {
  const [, address = '', digits = ''] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  if (family !== 4 && family !== 6)
    return refuse(`${quoted(text)} is not a network`, 'as in 10.8.0.0/24, or fd08::/64');
  const length = Number(digits);
  const { min, max } = lengths[family];
  if (length < min || length > max)
    return refuse(`/${length} is not a valid prefix length for IPv${family}`, `use /${min} to /${max}`);
  const network = shortAddress(address);
  const first = family === 4 ? firstOf4(network, length) : firstOf6(network, length);
  if (first === undefined)
    return refuse(`${text} has digits after the prefix`, 'use zeros there, as in 10.8.0.0/24');
  if ('cause' in parseIpAddress(first))
    return refuse(`${text} has no addresses of single hosts`, 'use a private network, as in 10.8.0.0/24');
  return { value: { family, gateway: first, prefix: `${network}/${length}`, length } };
}

function firstOf4(address: string, length: number): string | undefined {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  if (number % 2 ** (32 - length) !== 0) return undefined;
  return address.replace(/\d+$/, (last) => String(Number(last) + 1));
}

/** @param address normalised */
function firstOf6(address: string, length: number): string | undefined {
  const [head = '', tail] = address.split('::');
  const words = (part: string | undefined) => (part ? part.split(':') : []);
  const missing = 8 - words(head).length - words(tail).length;
  const all = [...words(head), ...Array<string>(missing).fill('0'), ...words(tail)];
  const number = all.reduce((sum, word) => (sum << 16n) + BigInt(`0x${word}`), 0n);
  if (number % (1n << BigInt(128 - length)) !== 0n) return undefined;
  const last = [...all.slice(0, 7), (BigInt(`0x${all[7] ?? '0'}`) + 1n).toString(16)].join(':');
  return shortAddress(last);
}

export function isInSubnet(address: string, { family, prefix, length }: Omit<Subnet, 'gateway'>): boolean {
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(prefix.replace(/\/.*/, ''), length, type);
  return isIP(address) === family && list.check(address, type);
}

const parsePort = integerParser(1, 65_535);

/** `8080:80 udp:53:53`, separated by blanks: port of the host, port of the guest. */
export function parseForwards(text: string): ParsedValue<readonly Forward[]> {
  const value: Forward[] = [];
  for (const part of text.split(/[ \t]+/)) {
    const [, protocol = 'tcp', from = '', to = ''] = /^(?:(tcp|udp):)?(\d{1,5}):(\d{1,5})$/.exec(part) ?? [];
    const [hostPort, guestPort] = [parsePort(from), parsePort(to)];
    if ('cause' in hostPort || 'cause' in guestPort)
      return refuse(`${quoted(part)} is not a forwarded port`, 'as in 8080:80, or udp:53:53');
    const forward = {
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
      hostPort: hostPort.value,
      guestPort: guestPort.value,
    } as const;
    if (value.some((other) => other.protocol === forward.protocol && other.hostPort === forward.hostPort))
      return refuse(`port ${from} of the host is forwarded twice`, 'remove one');
    value.push(forward);
  }
  if (value.length > networkLimits.forwards)
    return refuse(`${value.length} forwarded ports are too many`, `at most ${networkLimits.forwards}`);
  return { value };
}

function parseGuestAddress(text: string): ParsedValue<string> {
  const parsed = parseIpAddress(text);
  return 'cause' in parsed ? parsed : { value: parsed.value.text };
}

const name = argument(
  true,
  'NAME',
  'The name of the network. VMs with the same name share it; it exists while one of them runs.',
  parseNetworkName,
);

interface SharedKind<Table extends Readonly<Record<string, TransportOption<unknown>>>> {
  readonly help: string;
  readonly example: string;
  readonly arguments: Table;
  /** Checks the arguments together, once each one is valid. */
  check?(values: OptionValues<Table>): readonly OptionMistake[];
}
const kind = <const Table extends Readonly<Record<string, TransportOption<unknown>>>>(
  spec: SharedKind<Table>,
) => spec;

export const sharedKinds = {
  network: kind({
    help: 'A named network between VMs, isolated from the host. With link_id, local and remote, it is linked to a network of another host by VXLAN, which is neither encrypted nor authenticated. Requires root and nftables.',
    example: 'network(name=lab, link_id=7, local=192.0.2.1, remote=192.0.2.9)',
    arguments: {
      name,
      hub: flagOption(
        'Whether every VM receives all packets, as with a hub. It must be the same in all VMs.',
      ),
      mirror: flagOption(
        'Whether this interface receives all packets of the network, but other interfaces do not.',
      ),
      link_id: argument(
        false,
        'NUMBER',
        'The VXLAN network identifier, 1 to 16777215: the same on both hosts and in all VMs.',
        integerParser(1, vxlanIdMax),
      ),
      local: argument(false, 'ADDRESS', 'The address of this host for the link.', parseIpAddress),
      remote: argument(false, 'ADDRESS', 'The address of the other host.', parseIpAddress),
      link_port: portOption(1, 'The UDP port of the link on both hosts; the default is 4789.'),
      mac: commonOptions.mac,
    },
    check: networkMistakes,
  }),
  nat: kind({
    help: 'A private network behind the host. Guests reach other hosts under the address of the host; only forwarded ports lead to guests. The first address of the subnet is the gateway. Requires root and nftables.',
    example: 'nat(name=web, subnet=10.8.0.0/24, guest_addr=10.8.0.2, forward=8080:80)',
    arguments: {
      name,
      subnet: argument(
        true,
        'NETWORK',
        'The addresses of the network. It must be the same in all VMs.',
        parseSubnet,
      ),
      guest_addr: argument(
        false,
        'ADDRESS',
        'The address of the guest, to which ports are forwarded. The guest assigns it itself.',
        parseGuestAddress,
      ),
      forward: argument(
        false,
        'PORTS',
        'Ports of the host that are forwarded to the guest, separated by blanks: HOST:GUEST or udp:HOST:GUEST.',
        parseForwards,
      ),
      reach_host: flagOption(
        'Whether guests may connect to the host itself; otherwise they can only ping it. It must be the same in all VMs.',
      ),
      mac: commonOptions.mac,
    },
    check: natMistakes,
  }),
} as const;

function networkMistakes(
  values: LinkArguments & { readonly hub?: boolean; readonly mirror?: boolean },
): OptionMistake[] {
  const { link_id, local, remote, link_port } = values;
  const ends = Object.entries({ link_id, local, remote });
  const linked = link_port !== undefined || ends.some(([, value]) => value !== undefined);
  const missing = linked ? ends.filter(([, value]) => value === undefined) : [];
  return [
    ...missing.map(([end]) => ({
      argument: end,
      cause: 'it is missing',
      hint: 'a link needs link_id, local and remote',
    })),
    ...(local && remote && local.family !== remote.family
      ? [
          {
            argument: 'remote',
            cause: `it is IPv${remote.family}, but local is IPv${local.family}`,
            hint: 'use one family for both ends',
          },
        ]
      : []),
    ...(local && remote && local.text === remote.text
      ? [{ argument: 'remote', cause: 'it equals local', hint: 'use the address of the other host' }]
      : []),
    ...(values.hub === true && values.mirror === true
      ? [
          {
            argument: 'mirror',
            cause: 'every port of a hub receives all packets',
            hint: 'remove hub or mirror',
          },
        ]
      : []),
  ];
}

/** Problems in the relations of the arguments of `nat`. */
export function natMistakes(values: {
  readonly subnet: Subnet;
  readonly guest_addr?: string;
  readonly forward?: readonly Forward[];
}): OptionMistake[] {
  const { subnet, guest_addr: guest, forward } = values;
  if (guest === undefined)
    return forward === undefined
      ? []
      : [{ argument: 'forward', cause: 'there is no address to forward to', hint: 'add guest_addr' }];
  if (guest === subnet.gateway)
    return [
      { argument: 'guest_addr', cause: 'it is the address of the gateway', hint: 'use the next address' },
    ];
  return isInSubnet(guest, subnet)
    ? []
    : [{ argument: 'guest_addr', cause: `it is not in ${subnet.prefix}`, hint: '' }];
}
