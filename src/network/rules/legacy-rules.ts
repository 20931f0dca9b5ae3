/** Rules of iptables as its older kernel interface has them, which nft(8) does not show. Pure. */
import { type Chain, chainKey, type Match, type PacketField, type Rule, type Verdict } from './ruleset.ts';

const hooks: Readonly<Record<string, string>> = {
  FORWARD: 'forward',
  INPUT: 'input',
  OUTPUT: 'output',
  PREROUTING: 'prerouting',
  POSTROUTING: 'postrouting',
};

const fields: Readonly<Record<string, PacketField>> = {
  '-i': 'iif',
  '-o': 'oif',
  '-s': 'saddr',
  '-d': 'daddr',
  '-p': 'protocol',
  '--dport': 'dport',
  '--ctstate': 'state',
  '--state': 'state',
};

const ends: Readonly<Record<string, 'accept' | 'drop' | 'return'>> = {
  ACCEPT: 'accept',
  DROP: 'drop',
  REJECT: 'drop',
  RETURN: 'return',
};
/** Targets that do not end the way of a packet. */
const notes = new Set([
  'LOG',
  'NFLOG',
  'MARK',
  'CONNMARK',
  'TCPMSS',
  'ULOG',
  'TRACE',
  'CT',
  'DSCP',
  'TOS',
  'TTL',
  'HL',
]);

/** The chains in a text of iptables-save(8) or ip6tables-save(8). */
export function parseLegacyRules(family: 'ip' | 'ip6', text: string): Map<string, Chain> {
  const by = family === 'ip' ? 'iptables-legacy' : 'ip6tables-legacy';
  const chains = new Map<string, Chain & { readonly rules: Rule[] }>();
  let table = '';
  for (const line of text.split('\n')) {
    const [, ofTable] = /^\*(\S+)/.exec(line) ?? [];
    table = ofTable ?? table;
    const place = { family, table };
    const [, name = '', policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (name !== '')
      chains.set(chainKey(place, name), {
        ...{ by, ...place, name, hook: hooks[name] ?? '', type: table === 'nat' ? 'nat' : 'filter' },
        policy: policy === 'DROP' ? 'drop' : 'accept',
        rules: [],
      });
    const [, chain, rest] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain !== undefined && rest !== undefined)
      chains.get(chainKey(place, chain))?.rules.push(...ruleOf(rest));
  }
  return chains;
}

function ruleOf(text: string): Rule[] {
  const words = text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  const matches: Match[] = [];
  let isNegated = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '!') {
      isNegated = true;
      continue;
    }
    if (word === '-j' || word === '-g') {
      const verdict = verdictOf(word, words[i + 1] ?? '');
      return verdict ? [{ matches, verdict }] : [];
    }
    const field = fields[word];
    if (field) {
      matches.push({ field, isNegated, values: valuesOf(field, words[i + 1] ?? '') });
      i += 1;
    } else if (/^--/.test(word)) matches.push({ field: '?', isNegated: false, values: undefined });
    else if (word === '-m') i += 1;
    isNegated = false;
  }
  return [];
}

function verdictOf(option: '-j' | '-g', target: string): Verdict | undefined {
  const does = ends[target];
  if (does) return { does };
  if (notes.has(target)) return undefined;
  return { does: option === '-j' ? 'jump' : 'goto', target };
}

/** Interfaces end in `+` for all with that prefix. */
function valuesOf(field: PacketField, text: string): string[] {
  if (field === 'iif' || field === 'oif') return [text.replace(/\+$/, '*')];
  return field === 'state' ? text.toLowerCase().split(',') : [text];
}
