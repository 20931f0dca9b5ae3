/** Options of the vector transports: syntax, range and meaning. */
import { type IpAddress, readIp } from '../../system/ip-address.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import { kernelPathDamage, pathDamage, placeDamage, refusePath } from '../paths.ts';
import { quoted } from '../problem.ts';
import { parseMac } from '../values/mac.ts';
import { integerParser, type ParsedValue, type Parser, parseBoolean, refuse } from '../values/values.ts';
import { parseInterface } from './values.ts';

/** One option; the same shape as an argument of every kind of network. */
export interface TransportOption<T> {
  readonly parse: Parser<T>;
  readonly required: boolean;
  /** The form of the value for umlmon(5). */
  readonly form: string;
  /** One or two sentences for umlmon(5). */
  readonly help: string;
}

export const option = <T>(parse: Parser<T>, form: string, help: string) =>
  ({ parse, required: false, form, help }) as const;

/** The same option, required. */
export const required = <T>({ parse, form, help }: TransportOption<T>) =>
  ({ parse, required: true, form, help }) as const;

/** Lower ports require root (net.ipv4.ip_unprivileged_port_start); the kernel of a VM is not root. */
export const ownPortMin = 1024;
const portMax = 65_535;
/** get_mtu of vector_kern.c silently ignores other values. */
const mtuMin = 576;
const mtuMax = 65_534;
export const wordMax = 0xffff_ffff;

// The kernel writes 0 and 1.
const parseFlag: Parser<boolean> = (text) =>
  text === '0' || text === '1' ? { value: text === '1' } : parseBoolean(text);

export const flagOption = (help: string) => option(parseFlag, 'BOOLEAN', help);

/** Options that every transport has. */
export const commonOptions = {
  mac: option(
    parseMac,
    'MAC',
    'The MAC address of the interface in the guest. The default is one from mac_pool.',
  ),
  depth: option(
    integerParser(1, networkLimits.vectorDepth),
    'NUMBER',
    'Packets that the guest reads or writes at once; the default is 64. With gro on, the guest reserves 64 KiB for each.',
  ),
  mtu: option(
    integerParser(mtuMin, mtuMax),
    'BYTES',
    'Largest packet of the guest, 576 to 65534. The other end must support it.',
  ),
  gro: flagOption(
    'Segmentation and checksum offload to the host. The default is on for tap, hybrid and raw. If it is off there but on at the interface of the host (ethtool(8)), TCP is 10,000 times slower.',
  ),
  vec: flagOption(
    'Several packets per system call; the default is on. An inherited tap requires off, otherwise the guest hangs.',
  ),
  headroom: option(
    integerParser(0, networkLimits.vectorHeadroom),
    'BYTES',
    'Free bytes before each packet, for packets that the guest encapsulates, as in VXLAN; the default is 2.',
  ),
} as const;

export const interfaceOption = option(parseInterface, 'NAME', 'The interface of the host.');

/** One end of a tunnel. */
export type TunnelEnd = IpAddress;

function parseEnd(text: string): ParsedValue<TunnelEnd> {
  const value = readIp(text);
  if (value && /^[\w.:%-]+$/.test(text)) return { value };
  return refuse(
    `${quoted(text)} is not an IP address`,
    'use an address: names cannot be resolved in the jail',
  );
}

/** The ends of a tunnel. They are addresses, because the jail has no resolver. */
export const endOptions = {
  src: required(option(parseEnd, 'ADDRESS', 'Address of the host for packets in both directions.')),
  dst: required(option(parseEnd, 'ADDRESS', 'Address of the other end.')),
  v6: flagOption('Whether the addresses are IPv6. It is optional and must match the addresses.'),
} as const;

export const portOption = (min: number, help: string) => option(integerParser(min, portMax), 'PORT', help);

export const descriptorOption = option(
  (text): ParsedValue<string> =>
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(text)
      ? { value: text }
      : refuse(
          `${quoted(text)} is not a valid name of a descriptor`,
          'use at most 64 letters, digits, - _ and .; start with a letter or digit',
        ),
  'NAME',
  'The name of the descriptor that the monitor inherits (LISTEN_FDNAMES).',
);

/** A number of 32 bits, decimal or as 0x…; the kernel accepts both. */
export const wordOption = (min: number, help: string) =>
  option(
    (text): ParsedValue<number> => {
      const value = /^(?:\d{1,10}|0[xX][0-9a-fA-F]{1,8})$/.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= wordMax) return { value };
      return refuse(`${quoted(text)} is not a number from ${min} to 0xffffffff`);
    },
    'NUMBER',
    help,
  );

/** A number of up to 64 bits, as hexadecimal text: a JavaScript number would lose bits. */
export const cookieOption = (help: string) =>
  option(
    (text): ParsedValue<string> => {
      if (/^(?:\d{1,20}|0[xX][0-9a-fA-F]{1,16})$/.test(text) && BigInt(text) < 2n ** 64n)
        return { value: `0x${BigInt(text).toString(16)}` };
      return refuse(`${quoted(text)} is not a number of at most 64 bits`);
    },
    'NUMBER',
    help,
  );

/** A Unix socket as the jail sees it. */
export const socketOption = (help: string) =>
  option(
    (text): ParsedValue<string> => {
      const damage =
        pathDamage(text) ??
        placeDamage(text, ['/run/', '/disks/', '/shared/'], 'sockets') ??
        unwritable(text);
      if (damage) return damage;
      const max = networkLimits.socketPathBytes;
      if (Buffer.byteLength(text) <= max) return { value: text };
      return refusePath('the path is too long for a socket', `at most ${max} bytes`);
    },
    'PATH',
    help,
  );

export const filterOption = option(
  (text): ParsedValue<string> => {
    const damage =
      pathDamage(text) ?? placeDamage(text, ['/disks/', '/shared/'], 'filters') ?? unwritable(text);
    return damage ?? { value: text };
  },
  'PATH',
  'File in the jail with a classic BPF program, which the host applies to packets for the guest.',
);

/** The kernel splits its argument at these characters and has no quotes. */
function unwritable(path: string) {
  return /[,="\\]/.test(path)
    ? refusePath('the path must not contain , = " or \\', 'rename the file')
    : kernelPathDamage(path);
}
