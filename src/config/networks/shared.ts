/** Kinds of networks that umlmon makes itself, and that several VMs share by naming them: `network` and `nat`. */
import { BlockList, isIP } from 'node:net';
import { type IpAddress, shortAddress } from '../../system/ip-address.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import { quoted } from '../problem.ts';
import { integerParser, type Parsed, refuse } from '../values/values.ts';
import type { OptionMistake } from './option-checks.ts';
import { commonOptions, flagOption, portOption, type TransportOption } from './options.ts';
import type { OptionValues } from './transports.ts';
import { parseIpAddress } from './values.ts';

const argument = <T, const R extends boolean>(
  required: R,
  form: string,
  help: string,
  parse: (text: string) => Parsed<T>,
) => ({ parse, required, form, help }) as const;

/** A network of addresses; the gateway is the first of them. */
export interface Subnet {
  readonly family: 4 | 6;
  readonly gateway: string;
  /** In one form for all who write it: `10.8.0.0/24`. */
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

/** The same network of another host, over VXLAN (RFC 7348). */
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
/** It has 24 bits. */
const vxlanIdMax = 0xff_ffff;

/** The link of a network as its arguments say it, all of them or none. */
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

/** What all VMs of a network must say of it. */
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

/** Names stand in names of interfaces and in their marks. */
export function parseNetworkName(text: string): Parsed<string> {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(text)) return { value: text };
  return refuse(
    `${quoted(text)} is not the name of a network`,
    'up to 32 letters, digits, - and _; begin with a letter or digit',
  );
}

/** Room for two guests at least; more than a million would be a mistake. */
const lengths = { 4: { min: 12, max: 29 }, 6: { min: 48, max: 125 } } as const;

/** `10.8.0.0/24`, `fd08::/64`: nothing but zeros after the prefix. */
export function parseSubnet(text: string): Parsed<Subnet> {
  const [, address = '', digits = ''] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  if (family !== 4 && family !== 6)
    return refuse(`${quoted(text)} is not a network`, 'as in 10.8.0.0/24, or fd08::/64');
  const length = Number(digits);
  const { min, max } = lengths[family];
  if (length < min || length > max)
    return refuse(`/${length} is not a length for IPv${family} here`, `from /${min} to /${max}`);
  const network = shortAddress(address);
  const first = family === 4 ? firstOf4(network, length) : firstOf6(network, length);
  if (first === undefined)
    return refuse(`${text} has digits after the prefix`, 'end it in zeros, as in 10.8.0.0/24');
  if ('cause' in parseIpAddress(first))
    return refuse(`${text} has no addresses of single hosts`, 'take a private network, as in 10.8.0.0/24');
  return { value: { family, gateway: first, prefix: `${network}/${length}`, length } };
}

function firstOf4(address: string, length: number): string | undefined {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  if (number % 2 ** (32 - length) !== 0) return undefined;
  return address.replace(/\d+$/, (last) => String(Number(last) + 1));
}

/** @param address in its plain form */
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
export function parseForwards(text: string): Parsed<readonly Forward[]> {
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
      return refuse(`port ${from} of the host is forwarded twice`, 'one guest can have it');
    value.push(forward);
  }
  if (value.length > networkLimits.forwards)
    return refuse(`${value.length} forwarded ports are too many`, `at most ${networkLimits.forwards}`);
  return { value };
}

function parseGuestAddress(text: string): Parsed<string> {
  const parsed = parseIpAddress(text);
  return 'cause' in parsed ? parsed : { value: parsed.value.text };
}

const name = argument(
  true,
  'NAME',
  'The network. VMs that name the same one are in it together; it is there as long as one of them runs.',
  parseNetworkName,
);

interface SharedKind<Table extends Readonly<Record<string, TransportOption<unknown>>>> {
  readonly help: string;
  readonly example: string;
  readonly arguments: Table;
  /** What is wrong when every argument for itself is good. */
  check?(values: OptionValues<Table>): readonly OptionMistake[];
}
const kind = <const Table extends Readonly<Record<string, TransportOption<unknown>>>>(
  spec: SharedKind<Table>,
) => spec;

export const sharedKinds = {
  network: kind({
    help: 'A named network between VMs that has no way to the host, nor the host a way in. With link_id, local and remote it is linked to a network of another host by VXLAN, which is neither encrypted nor authenticated. Needs root, and nftables.',
    example: 'network(name=lab, link_id=7, local=192.0.2.1, remote=192.0.2.9)',
    arguments: {
      name,
      hub: flagOption(
        'Whether every VM sees what goes between others, as with a hub. All VMs must say the same.',
      ),
      mirror: flagOption(
        'Whether this interface sees what goes between others, and they do not. The others need not say it.',
      ),
      link_id: argument(
        false,
        'NUMBER',
        'The VXLAN network identifier, 1 to 16777215: the same at both hosts. All VMs must say the same of the link.',
        integerParser(1, vxlanIdMax),
      ),
      local: argument(false, 'ADDRESS', 'The address of this host for the link.', parseIpAddress),
      remote: argument(false, 'ADDRESS', 'The address of the other host.', parseIpAddress),
      link_port: portOption(1, 'The UDP port of the link at both hosts, 4789 if it is left out.'),
      mac: commonOptions.mac,
    },
    check: networkMistakes,
  }),
  nat: kind({
    help: 'A private network behind the host: guests reach what the host reaches, under its address, and are reached by forwarded ports only. The first address of the subnet is the gateway. Needs root, and nftables.',
    example: 'nat(name=web, subnet=10.8.0.0/24, guest_addr=10.8.0.2, forward=8080:80)',
    arguments: {
      name,
      subnet: argument(
        true,
        'NETWORK',
        'The addresses of the network. All VMs must say the same.',
        parseSubnet,
      ),
      guest_addr: argument(
        false,
        'ADDRESS',
        'The address that the guest will use, where ports are forwarded to. The guest sets it itself.',
        parseGuestAddress,
      ),
      forward: argument(
        false,
        'PORTS',
        'Ports of the host that lead to the guest, separated by blanks: HOST:GUEST, or udp:HOST:GUEST.',
        parseForwards,
      ),
      reach_host: flagOption(
        'Whether guests of the network may connect to the host itself, and not only ping it. All VMs must say the same.',
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
            cause: `it is IPv${remote.family}, and local is IPv${local.family}`,
            hint: 'both ends need the same',
          },
        ]
      : []),
    ...(local && remote && local.text === remote.text
      ? [{ argument: 'remote', cause: 'it is local', hint: 'name the address of the other host' }]
      : []),
    ...(values.hub === true && values.mirror === true
      ? [
          {
            argument: 'mirror',
            cause: 'every port of a hub sees everything',
            hint: 'leave one of the two out',
          },
        ]
      : []),
  ];
}

/** What is wrong with a `nat` when all of its arguments are seen. */
export function natMistakes(values: {
  readonly subnet: Subnet;
  readonly guest_addr?: string;
  readonly forward?: readonly Forward[];
}): OptionMistake[] {
  const { subnet, guest_addr: guest, forward } = values;
  if (guest === undefined)
    return forward === undefined
      ? []
      : [{ argument: 'forward', cause: 'it is not known where to', hint: 'add guest_addr' }];
  if (guest === subnet.gateway)
    return [{ argument: 'guest_addr', cause: 'it is that of the gateway', hint: 'take the next one' }];
  return isInSubnet(guest, subnet)
    ? []
    : [{ argument: 'guest_addr', cause: `it is not in ${subnet.prefix}`, hint: '' }];
}
