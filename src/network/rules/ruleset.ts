/** Rules of a packet filter, of nftables or of iptables, in one form: what a chain does with a packet. Pure. */
import { type Entry, entryOf, listOf, rulesIn, textOf } from '../host/ip-answers.ts';

/** The field that a rule checks; '?' for an unknown one. */
export type PacketField =
  | 'iif'
  | 'oif'
  | 'family'
  | 'saddr'
  | 'daddr'
  | 'protocol'
  | 'dport'
  | 'state'
  | 'status'
  | '?';

export interface Match {
  readonly field: PacketField;
  readonly isNegated: boolean;
  /** Names (with `*` at their end for a prefix), numbers, network prefixes; undefined for values that cannot be compared. */
  readonly values: readonly string[] | undefined;
}

export type Verdict =
  | { readonly does: 'accept' | 'drop' | 'return' }
  /** `mayDrop`: a target that is not understood and comes last, as a refusal of the rest does. */
  | { readonly does: 'mayDrop' }
  | { readonly does: 'jump' | 'goto'; readonly target: string }
  | {
      readonly does: 'map';
      readonly field: PacketField;
      readonly map: readonly (readonly [string, Verdict])[];
    };

export interface Rule {
  readonly matches: readonly Match[];
  readonly verdict: Verdict;
}

export interface Chain {
  readonly by: 'nftables' | 'iptables-legacy' | 'ip6tables-legacy';
  /** `ip`, `ip6`, `inet`, `bridge`, … */
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Where it sees packets of the host; '' for a chain that is only jumped to. */
  readonly hook: string;
  /** `filter`, `nat` or `route`. */
  readonly type: string;
  readonly policy: 'accept' | 'drop';
  readonly rules: readonly Rule[];
}

/** All chains, by `family table name`. */
export type Ruleset = ReadonlyMap<string, Chain>;

export function chainKey({ family, table }: Pick<Chain, 'family' | 'table'>, name: string): string {
  return `${family} ${table} ${name}`;
}

/** Rules as libnftables-json(5) gives them; those of umlmon itself are left out. */
export function parseRuleset(json: string): Map<string, Chain> {
  const chains = new Map<string, Chain & { readonly rules: Rule[] }>();
  for (const { chain, rule } of rulesIn(json)) {
    const entry = chain ?? rule;
    if (!entry || textOf(entry, 'table').startsWith('umlmon-')) continue;
    const place = { family: textOf(entry, 'family'), table: textOf(entry, 'table') };
    if (chain) {
      const name = textOf(chain, 'name');
      const policy = textOf(chain, 'policy') === 'drop' ? 'drop' : 'accept';
      const [hook, type] = [textOf(chain, 'hook'), textOf(chain, 'type')];
      chains.set(chainKey(place, name), { by: 'nftables', ...place, name, hook, type, policy, rules: [] });
    } else if (rule) chains.get(chainKey(place, textOf(rule, 'chain')))?.rules.push(...ruleOf(rule));
  }
  return new Map([...chains].map(([key, chain]) => [key, { ...chain, rules: withoutNotes(chain.rules) }]));
}

/** A target that is not understood is mostly a note or a mark, unless it is the last. */
function withoutNotes(rules: readonly Rule[]): Rule[] {
  return rules.filter(({ verdict }, i) => verdict.does !== 'mayDrop' || i === rules.length - 1);
}

/** Nothing for a rule that stops no packet. */
function ruleOf(rule: Entry): Rule[] {
  const matches: Match[] = [];
  let hasForeign = false;
  for (const expression of listOf(rule.expr)) {
    if ('match' in expression) matches.push(matchOf(entryOf(expression.match)));
    else if ('limit' in expression) matches.push(unknown);
    else if ('xt' in expression) {
      const { type, name } = entryOf(expression.xt);
      const target = type === 'target' ? foreignTargets[String(name)] : undefined;
      if (target) return [{ matches, verdict: { does: target } }];
      if (type !== 'target') {
        hasForeign = true;
        matches.push(unknown);
      }
    } else if ('vmap' in expression) {
      const { key, data } = entryOf(expression.vmap);
      return [{ matches, verdict: { does: 'map', field: fieldOf(entryOf(key)), map: mapOf(entryOf(data)) } }];
    } else {
      const verdict = verdictOf(expression);
      if (verdict) return [{ matches, verdict }];
    }
  }
  // Without a verdict, its last part of iptables was a target, and not a match.
  return hasForeign ? [{ matches: matches.slice(0, -1), verdict: { does: 'mayDrop' } }] : [];
}

const unknown: Match = { field: '?', isNegated: false, values: undefined };
/** Targets of iptables that nft(8) does not translate. */
const foreignTargets: Readonly<Record<string, 'accept' | 'drop' | 'return'>> = {
  REJECT: 'drop',
  DROP: 'drop',
  ACCEPT: 'accept',
  RETURN: 'return',
};

function verdictOf(expression: Entry): Verdict | undefined {
  if ('accept' in expression) return { does: 'accept' };
  if ('drop' in expression || 'reject' in expression) return { does: 'drop' };
  if ('return' in expression) return { does: 'return' };
  for (const does of ['jump', 'goto'] as const)
    if (does in expression) return { does, target: textOf(entryOf(expression[does]), 'target') };
  // Translated packets, and those that a program judges, are not dropped here.
  const passing = ['dnat', 'snat', 'masquerade', 'redirect', 'queue', 'tproxy'];
  return passing.some((name) => name in expression) ? { does: 'accept' } : undefined;
}

function mapOf({ set }: Entry): (readonly [string, Verdict])[] {
  if (!Array.isArray(set)) return [];
  return set.flatMap((pair: unknown) => {
    const [value, verdict] = Array.isArray(pair) ? (pair as unknown[]) : [];
    const does = verdictOf(entryOf(verdict));
    return does ? [[String(value), does] as const] : [];
  });
}

function matchOf({ op, left, right }: Entry): Match {
  const field = fieldOf(entryOf(left));
  if (field === '?' || (op !== '==' && op !== '!=' && op !== 'in')) return unknown;
  return { field, isNegated: op === '!=', values: valuesOf(right) };
}

const metaFields: Readonly<Record<string, PacketField>> = {
  iifname: 'iif',
  iif: 'iif',
  oifname: 'oif',
  oif: 'oif',
  nfproto: 'family',
  l4proto: 'protocol',
};
const payloadFields: Readonly<Record<string, PacketField>> = {
  saddr: 'saddr',
  daddr: 'daddr',
  protocol: 'protocol',
  nexthdr: 'protocol',
  dport: 'dport',
};

function fieldOf({ meta, payload, ct }: Entry): PacketField {
  if (meta !== undefined) return metaFields[textOf(entryOf(meta), 'key')] ?? '?';
  if (payload !== undefined) {
    const protocol = textOf(entryOf(payload), 'protocol');
    return protocol === 'ether' || protocol === 'arp'
      ? '?'
      : (payloadFields[textOf(entryOf(payload), 'field')] ?? '?');
  }
  const key = textOf(entryOf(ct), 'key');
  return key === 'state' || key === 'status' ? key : '?';
}

/** Of one value, of a list or of a set. */
function valuesOf(right: unknown): string[] | undefined {
  if (typeof right === 'number') return [String(right)];
  // A set with a name: what is in it is not listed.
  if (typeof right === 'string') return right.startsWith('@') ? undefined : [right];
  const { set, prefix } = entryOf(right);
  if (prefix !== undefined) {
    const { addr, len } = entryOf(prefix);
    return [`${String(addr)}/${String(len)}`];
  }
  const list = Array.isArray(right)
    ? (right as unknown[])
    : Array.isArray(set)
      ? (set as unknown[])
      : undefined;
  const values = list?.map(valuesOf);
  return values?.every((one) => one !== undefined) ? values.flat() : undefined;
}
