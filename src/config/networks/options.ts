/** Options of the vector transports: how each is written, what it may be, and what the kernel makes of it. */
import { type IpAddress, readIp } from '../../system/ip-address.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import { kernelPathDamage, pathDamage, placeDamage, refusePath } from '../paths.ts';
import { quoted } from '../problem.ts';
import { parseMac } from '../values/mac.ts';
import { integerParser, type Parsed, type Parser, parseBoolean, refuse } from '../values/values.ts';
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

/** The same option where it must be there. */
export const required = <T>({ parse, form, help }: TransportOption<T>) =>
  ({ parse, required: true, form, help }) as const;

/** Below, ports are for root, who the kernel is not (net.ipv4.ip_unprivileged_port_start). */
export const ownPortMin = 1024;
const portMax = 65_535;
/** get_mtu of vector_kern.c takes nothing else, and says nothing about it. */
const mtuMin = 576;
const mtuMax = 65_534;
export const wordMax = 0xffff_ffff;

// The kernel's own way to write it is 0 and 1.
const parseFlag: Parser<boolean> = (text) =>
  text === '0' || text === '1' ? { value: text === '1' } : parseBoolean(text);

export const flagOption = (help: string) => option(parseFlag, 'BOOLEAN', help);

/** Options that every transport has. */
export const commonOptions = {
  mac: option(
    parseMac,
    'MAC',
    'The MAC address that the guest sees. Without it the guest gets one of mac_pool.',
  ),
  depth: option(
    integerParser(1, networkLimits.vectorDepth),
    'NUMBER',
    'Packets that the guest reads or writes at once; 64 if it is left out. With gro on, the guest keeps 64 KiB for each.',
  ),
  mtu: option(
    integerParser(mtuMin, mtuMax),
    'BYTES',
    'Largest packet of the guest, 576 to 65534. The other end must be able to take it.',
  ),
  gro: flagOption(
    'Whether segments and checksums are left to the host: on for tap, hybrid and raw if it is left out, as on the interfaces of the host. Off there, the guest gets TCP at a ten-thousandth of the speed, unless ethtool(8) has turned it off on the host too.',
  ),
  vec: flagOption(
    'Several packets by one system call; off, they go one by one. An inherited tap needs it off, or the guest hangs.',
  ),
  headroom: option(
    integerParser(0, networkLimits.vectorHeadroom),
    'BYTES',
    'Room in front of each packet that the guest will wrap once more, as in VXLAN; 2 if it is left out.',
  ),
} as const;

export const interfaceOption = option(parseInterface, 'NAME', 'The interface of the host.');

/** One end of a tunnel. */
export type TunnelEnd = IpAddress;

function parseEnd(text: string): Parsed<TunnelEnd> {
  const value = readIp(text);
  if (value && /^[\w.:%-]+$/.test(text)) return { value };
  return refuse(`${quoted(text)} is not an IP address`, 'names are not looked up in the jail');
}

/** The ends of a tunnel. Names are not looked up: the jail has no resolver. */
export const endOptions = {
  src: required(
    option(parseEnd, 'ADDRESS', 'Address of the host at which the guest listens and from which it sends.'),
  ),
  dst: required(option(parseEnd, 'ADDRESS', 'Address of the other end.')),
  v6: flagOption('Says that the addresses are IPv6. They show it themselves; this must not contradict.'),
} as const;

export const portOption = (min: number, help: string) => option(integerParser(min, portMax), 'PORT', help);

export const descriptorOption = option(
  (text): Parsed<string> =>
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(text)
      ? { value: text }
      : refuse(
          `${quoted(text)} is not the name of a descriptor`,
          'up to 64 letters, digits, - _ and .; begin with a letter or digit',
        ),
  'NAME',
  'The name under which the monitor has been passed the descriptor (LISTEN_FDNAMES).',
);

/** A number of 32 bits, decimal or as 0x…: the kernel takes both. */
export const wordOption = (min: number, help: string) =>
  option(
    (text): Parsed<number> => {
      const value = /^(?:\d{1,10}|0[xX][0-9a-fA-F]{1,8})$/.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= wordMax) return { value };
      return refuse(`${quoted(text)} is not a number from ${min} to 0xffffffff`);
    },
    'NUMBER',
    help,
  );

/** A number of up to 64 bits, kept as hexadecimal text: a number would lose bits of it. */
export const cookieOption = (help: string) =>
  option(
    (text): Parsed<string> => {
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
    (text): Parsed<string> => {
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
  (text): Parsed<string> => {
    const damage =
      pathDamage(text) ?? placeDamage(text, ['/disks/', '/shared/'], 'filters') ?? unwritable(text);
    return damage ?? { value: text };
  },
  'PATH',
  'File in the jail with instructions of classic BPF: a filter that the host applies to what the guest receives.',
);

/** The kernel splits its argument at these, and knows no quotes. */
function unwritable(path: string) {
  return /[,="\\]/.test(path)
    ? refusePath('the path must not contain , = " or \\', 'rename the file')
    : kernelPathDamage(path);
}
