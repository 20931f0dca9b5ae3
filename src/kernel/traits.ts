/**
 * The features of a kernel, from texts that its drivers contain. The file is read, not executed: running it would run
 * an unchecked program. Each marker was found in kernels that have the driver (6.1, 7.2), and is missing in kernels
 * without it.
 */

/** The features that the text of a kernel shows. */
export interface KernelTraits {
  /** Whether it is a User Mode Linux kernel. */
  readonly uml: boolean;
  /** As `uname -r` prints it: `7.2.7`; empty if unknown. */
  readonly version: string;
  /** The whole line: compiler, builder, date. */
  readonly banner: string;
  /** Transports of vector devices: `vecN:transport=`. */
  readonly transports: readonly string[];
  /** Transports of the older devices: `ethN=`. */
  readonly legacyTransports: readonly string[];
  /** Knows `seccomp=`. */
  readonly seccomp: boolean;
}

const umlMarker = 'uml_dir=';
const seccompMarker = 'seccomp=<on/auto/off>';

const transportMarkers = {
  tap: 'user_init_tap: init failed',
  raw: 'user_init_raw: init failed',
  hybrid: 'user_init_hybrid: init failed',
  fd: 'fd open: bad or missing fd argument',
  bess: 'bess open:cannot connect',
  l2tpv3: 'uml_l2tpv3: session mismatch',
  gre: 'unknown key id %0x, expecting %0x',
  vde: 'vde: seqpacket socketpair err',
} as const;

const legacyMarkers = {
  tuntap: 'TUN/TAP backend - ',
  daemon: 'daemon backend (uml_switch version',
  slip: 'SLIP backend - SLIP IP',
  slirp: 'SLIRP backend - command line',
  mcast: 'mcast backend multicast address',
  ucast: 'ucast backend address',
  ethertap: 'ethertap backend - ',
  vde: 'vde backend - %s',
  pcap: 'pcap backend, host interface',
} as const;

const markers: readonly string[] = [
  umlMarker,
  seccompMarker,
  ...Object.values(transportMarkers),
  ...Object.values(legacyMarkers),
];

/** Longest text that may lie across two pieces. */
export const OVERLAP = 1024;
const banners = /Linux version (\d[\w.+~-]{0,64}) \([\x20-\x7e]{0,900}/g;

/** Reads a kernel piece by piece; each piece starts with the last `OVERLAP` bytes of the previous one. */
export function collectTraits(): { add(piece: Buffer): void; result(): KernelTraits } {
  const missing = new Set(markers);
  let banner = '';
  return {
    add(piece) {
      for (const marker of missing) if (piece.includes(marker, 0, 'latin1')) missing.delete(marker);
      if (!piece.includes('Linux version ', 0, 'latin1')) return;
      // One of the two banners is a format string without the date.
      for (const [line] of piece.toString('latin1').matchAll(banners))
        if (line.length > banner.length) banner = line;
    },
    result: () => ({
      uml: !missing.has(umlMarker) && banner !== '',
      version: /^Linux version (\S+)/.exec(banner)?.[1] ?? '',
      banner,
      transports: namesOf(transportMarkers, missing),
      legacyTransports: namesOf(legacyMarkers, missing),
      seccomp: !missing.has(seccompMarker),
    }),
  };
}

function namesOf(known: Readonly<Record<string, string>>, missing: ReadonlySet<string>): string[] {
  return Object.entries(known).flatMap(([name, marker]) => (missing.has(marker) ? [] : [name]));
}
