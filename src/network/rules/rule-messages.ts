/** What changed in a datagram of NETLINK_NETFILTER (linux/netfilter/nf_tables.h). Pure. */
export interface RuleChanges {
  /** Tables in which something changed. */
  readonly tables: ReadonlySet<string>;
  /** Whether a chain that sees packets of the host (with a hook) came, went or has another policy; or a table. */
  readonly hasHooks: boolean;
}

const headBytes = 16;
/** struct nlmsghdr and struct nfgenmsg. */
const attributesAt = 20;
const subsystem = 10;
/** NFT_MSG_NEWTABLE to DELTABLE, NEWCHAIN to DELCHAIN, NEWRULE to DELRULE. */
const kinds: Readonly<Record<number, 'table' | 'chain' | 'rule'>> = {
  0: 'table',
  2: 'table',
  3: 'chain',
  5: 'chain',
  6: 'rule',
  8: 'rule',
};
/** NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE; NFTA_CHAIN_HOOK. */
const tableAttribute = 1;
const hookAttribute = 4;

/** Sets with their elements, counters and other objects are left out. A damaged datagram is read as far as it makes sense. */
export function changedRules(datagram: Buffer): RuleChanges {
  const tables = new Set<string>();
  let hasHooks = false;
  for (let at = 0; at + headBytes <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    const type = datagram.readUInt16LE(at + 4);
    const kind = type >> 8 === subsystem ? kinds[type & 0xff] : undefined;
    if (length < headBytes) break;
    if (kind) {
      const attributes = attributesOf(datagram.subarray(at + attributesAt, at + length));
      tables.add(attributes.get(tableAttribute)?.toString('latin1').replace(/\0.*$/s, '') ?? '');
      hasHooks ||= kind === 'table' || (kind === 'chain' && attributes.has(hookAttribute));
    }
    at += 4 * Math.ceil(length / 4);
  }
  return { tables, hasHooks };
}

function attributesOf(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4) break;
    // Without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER.
    found.set(bytes.readUInt16LE(at + 2) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}
