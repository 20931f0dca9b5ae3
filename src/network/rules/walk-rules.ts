/** Whether a packet gets through the chains of a host. Pure. */
import { BlockList, isIP } from 'node:net';
import {
  type Chain,
  chainKey,
  type Match,
  type PacketField,
  type Rule,
  type Ruleset,
  type Verdict,
} from './ruleset.ts';

/** A packet of the guest or for it. What is not given is not known, and may be anything. */
export interface Flow {
  readonly iif?: string;
  readonly oif?: string;
  readonly family: 'ipv4' | 'ipv6';
  /** An address, or a prefix if it may be any of these. */
  readonly saddr?: string;
  readonly daddr?: string;
  readonly protocol?: string;
  readonly dport?: string;
  readonly state: 'new' | 'established' | 'untracked';
  readonly status?: 'dnat';
}

/** Where a packet ends. */
export interface Stop {
  /** The chain that drops it. */
  readonly chain: Chain;
  /** By a rule, or by the policy of the chain. */
  readonly by: 'rule' | 'policy';
  /** False if a rule before it, which is not understood, may have accepted it; or if it is not sure what drops it. */
  readonly isSure: boolean;
}

interface Walk {
  readonly verdict: 'accept' | 'drop' | 'return';
  readonly chain: Chain;
  readonly mayBeAccepted: boolean;
  readonly isUnsure: boolean;
}

/** Jumps that nft(8) allows. */
const deepest = 16;

/** Where a packet that passes these hooks is dropped; each chain of the host decides for itself. */
export function stopsOf(rules: Ruleset, flow: Flow, hooks: readonly string[]): Stop[] {
  return [...rules.values()].flatMap((chain): Stop[] => {
    if (!hooks.includes(chain.hook) || chain.type === 'nat' || !seesFamily(chain, flow)) return [];
    const {
      verdict,
      chain: last,
      mayBeAccepted,
      isUnsure,
    } = walk({ rules, flow, walked: new Map() }, chain, 0);
    if (verdict === 'drop') return [{ chain: last, by: 'rule', isSure: !mayBeAccepted && !isUnsure }];
    if (verdict === 'return' && chain.policy === 'drop')
      return [{ chain, by: 'policy', isSure: !mayBeAccepted }];
    return [];
  });
}

function seesFamily({ family }: Chain, flow: Flow): boolean {
  return family === 'inet' || family === 'bridge' || family === (flow.family === 'ipv4' ? 'ip' : 'ip6');
}

interface Way {
  readonly rules: Ruleset;
  readonly flow: Flow;
  /** Chains that may be jumped to from several others are walked once. */
  readonly walked: Map<string, Walk>;
}

function walk(way: Way, chain: Chain, depth: number): Walk {
  const key = chainKey(chain, chain.name);
  const known = way.walked.get(key) ?? walkAnew(way, chain, depth);
  way.walked.set(key, known);
  return known;
}

/** What is not understood is taken as if it did not match. */
function walkAnew(way: Way, chain: Chain, depth: number): Walk {
  const { rules, flow } = way;
  let mayBeAccepted = false;
  for (const rule of chain.rules) {
    const isMatch = matchesAll(rule, flow);
    if (isMatch === false) continue;
    const { isSure, verdict } = choose(rule.verdict, flow);
    const all = isMatch === true && isSure;
    for (const one of verdict) {
      if (one.does === 'jump' || one.does === 'goto') {
        const target = rules.get(chainKey(chain, one.target));
        if (!target || depth >= deepest) continue;
        const end = walk(way, target, depth + 1);
        mayBeAccepted ||= end.mayBeAccepted || (!all && end.verdict === 'accept');
        if (!all) continue;
        if (end.verdict !== 'return') return { ...end, mayBeAccepted };
        if (one.does === 'goto') return { ...end, chain, mayBeAccepted };
      } else if (!all) mayBeAccepted ||= one.does === 'accept';
      else if (one.does === 'mayDrop') return { verdict: 'drop', chain, mayBeAccepted, isUnsure: true };
      else if (one.does !== 'map') return { verdict: one.does, chain, mayBeAccepted, isUnsure: false };
    }
  }
  return { verdict: 'return', chain, mayBeAccepted, isUnsure: false };
}

/** The verdict of a map for this packet; all of them if it is not known which. */
function choose(verdict: Verdict, flow: Flow): { isSure: boolean; verdict: readonly Verdict[] } {
  if (verdict.does !== 'map') return { isSure: true, verdict: [verdict] };
  const { field, map } = verdict;
  const answers = map.map(([value, one]) => ({
    one,
    is: matches({ field, isNegated: false, values: [value] }, flow),
  }));
  const chosen = answers.find(({ is }) => is === true);
  if (chosen) return { isSure: true, verdict: [chosen.one] };
  return { isSure: false, verdict: answers.filter(({ is }) => is === undefined).map(({ one }) => one) };
}

function matchesAll({ matches: list }: Rule, flow: Flow): boolean | undefined {
  const answers = list.map((one) => matches(one, flow));
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

function matches({ field, isNegated, values }: Match, flow: Flow): boolean | undefined {
  if (field === '?' || values === undefined) return undefined;
  const own = flow[field];
  // Packets without a translation have none; everything else that is not given may be anything.
  if (own === undefined) return field === 'status' ? isNegated : undefined;
  const answers = values.map((value) => isValue(field, own, value));
  const answer = answers.includes(true) ? true : answers.includes(undefined) ? undefined : false;
  return answer === undefined ? undefined : answer !== isNegated;
}

function isValue(field: PacketField, own: string, value: string): boolean | undefined {
  if (field === 'saddr' || field === 'daddr') return isWithin(own, value);
  if ((field === 'iif' || field === 'oif') && value.endsWith('*')) return own.startsWith(value.slice(0, -1));
  if (field === 'protocol') return numberOf(own) === numberOf(value);
  return own === value;
}

/** IANA protocol numbers: nft(8) shows names only where the host has /etc/protocols. */
const protocols: Readonly<Record<string, string>> = {
  icmp: '1',
  tcp: '6',
  udp: '17',
  gre: '47',
  icmpv6: '58',
  'ipv6-icmp': '58',
  l2tp: '115',
};

function numberOf(protocol: string): string {
  return protocols[protocol] ?? protocol;
}

/** Undefined if only some addresses of `own` are among those of `value`, or if that is not an address. */
function isWithin(own: string, value: string): boolean | undefined {
  const [ours, theirs] = [own, value].map(prefixOf);
  if (!ours || !theirs) return undefined;
  if (ours.type !== theirs.type) return false;
  const holds = (one: typeof ours, other: typeof ours) => {
    const list = new BlockList();
    list.addSubnet(one.address, one.length, one.type);
    return list.check(other.address, other.type);
  };
  if (theirs.length <= ours.length) return holds(theirs, ours);
  return holds(ours, theirs) ? undefined : false;
}

function prefixOf(text: string): { address: string; length: number; type: 'ipv4' | 'ipv6' } | undefined {
  const [address = '', length] = text.split('/');
  const version = isIP(address);
  if (version === 0) return undefined;
  return {
    address,
    length: Number(length ?? (version === 4 ? 32 : 128)),
    type: version === 4 ? 'ipv4' : 'ipv6',
  };
}
