/** Which messages of netlink wake a monitor: programs of classic BPF for its sockets. Pure. */

/** Types of messages (linux/rtnetlink.h). */
export const rtm = {
  newLink: 16,
  delLink: 17,
  newRoute: 24,
  delRoute: 25,
  newNetconf: 80,
} as const;

/** Type of the message that ends a transaction of nftables: NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN. */
const newGeneration = 0x0a0f;

// linux/filter.h: BPF_LD with W|ABS, H|ABS, B|ABS, IMM and W|IND, BPF_LDX|IMM, BPF_JMP with JA and JEQ|K, BPF_RET|K,
// BPF_MISC|TAX.
const opcodes = {
  word: 0x20,
  half: 0x28,
  byte: 0x30,
  set: 0x00,
  wordAtX: 0x40,
  setX: 0x01,
  jump: 0x05,
  ifEqual: 0x15,
  end: 0x06,
  toX: 0x07,
} as const;
/** SKF_AD_OFF + SKF_AD_NLATTR: from A on, the offset of the attribute of type X; 0 if it is missing. */
const attribute = 0xffff_f00c;
const everything = 0xffff_ffff;

/** nlmsg_type of struct nlmsghdr. */
const typeOffset = 4;
/** ifi_index of struct ifinfomsg, and ifa_index of struct ifaddrmsg. */
const indexOffset = 20;
/** rtm_dst_len of struct rtmsg; its attributes; the interface to which a route leads (RTA_OIF). */
const lengthOffset = 17;
const routeAttributes = 28;
const routeInterface = 4;
/** NETCONFA_IFINDEX, which the host writes first; -1 stands for all interfaces. */
const netconfOffset = 24;
const allInterfaces = 0xffff_ffff;

/** Jumps of classic BPF go over 255 instructions at most. */
const mostIndexes = 200;

interface Line {
  readonly at?: string;
  readonly do: keyof typeof opcodes;
  readonly k?: number;
  /** Where a jump leads; of `ifEqual`, if it is. */
  readonly to?: string;
}

/**
 * For a socket of NETLINK_ROUTE. Lets through links and addresses of these interfaces, routes that lead to them, default
 * routes, and settings of these interfaces or of all.
 *
 * @param isAny whether links of all interfaces count: while one is awaited whose index is not known
 */
export function routeFilter(indexes: readonly number[], isAny: boolean): Uint8Array {
  if (indexes.length > mostIndexes) return encode([{ do: 'end', k: everything }]);
  return encode([
    { do: 'half', k: typeOffset },
    { do: 'ifEqual', k: swap16(rtm.newRoute), to: 'route' },
    { do: 'ifEqual', k: swap16(rtm.delRoute), to: 'route' },
    { do: 'ifEqual', k: swap16(rtm.newNetconf), to: 'netconf' },
    ...(isAny
      ? ([rtm.newLink, rtm.delLink] as const).map(
          (type): Line => ({ do: 'ifEqual', k: swap16(type), to: 'accept' }),
        )
      : []),
    { do: 'word', k: indexOffset },
    { do: 'jump', to: 'compare' },
    { at: 'route', do: 'byte', k: lengthOffset },
    { do: 'ifEqual', k: 0, to: 'accept' },
    { do: 'set', k: routeAttributes },
    { do: 'setX', k: routeInterface },
    { do: 'word', k: attribute },
    { do: 'ifEqual', k: 0, to: 'drop' },
    { do: 'toX' },
    { do: 'wordAtX', k: 4 },
    { do: 'jump', to: 'compare' },
    { at: 'netconf', do: 'word', k: netconfOffset },
    { do: 'ifEqual', k: allInterfaces, to: 'accept' },
    // No interface has the index 0; the line has the label.
    { at: 'compare', do: 'ifEqual', k: 0, to: 'drop' },
    ...indexes.map((index): Line => ({ do: 'ifEqual', k: swap32(index), to: 'accept' })),
    { at: 'drop', do: 'end', k: 0 },
    { at: 'accept', do: 'end', k: everything },
  ]);
}

/** For a socket of NETLINK_NETFILTER: all changes, without the messages that end a transaction. */
export function rulesFilter(): Uint8Array {
  return encode([
    { do: 'half', k: typeOffset },
    { do: 'ifEqual', k: swap16(newGeneration), to: 'drop' },
    { do: 'end', k: everything },
    { at: 'drop', do: 'end', k: 0 },
  ]);
}

/** struct sock_filter, one after the other. */
function encode(lines: readonly Line[]): Uint8Array {
  return Buffer.concat(
    lines.map((line, i) => {
      const distance = line.to === undefined ? 0 : lines.findIndex(({ at }) => at === line.to) - i - 1;
      const bytes = Buffer.alloc(8);
      bytes.writeUInt16LE(opcodes[line.do]);
      if (line.do === 'ifEqual') bytes[2] = distance;
      bytes.writeUInt32LE(line.do === 'jump' ? distance : (line.k ?? 0), 4);
      return bytes;
    }),
  );
}

/** BPF loads in network byte order what the host has written in its own. */
function swap16(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8);
}

function swap32(value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.readUInt32BE();
}
