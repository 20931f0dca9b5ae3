/** The forward chains that firewalld 1.3 makes (`nft -j list ruleset`, of Debian 12), with the zone public for all interfaces. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseRuleset } from '../../../src/network/rules/ruleset.ts';
import { type Flow, stopsOf } from '../../../src/network/rules/walk-rules.ts';

const rules = parseRuleset(readFileSync(join(import.meta.dirname, 'firewalld-forward.json'), 'utf8'));

test.each<[string, Flow, string[]]>([
  ['what a guest sends', { iif: 'br0', family: 'ipv4', state: 'new' }, ['filter_FWD_public']],
  ['what a guest sends over IPv6', { iif: 'br0', family: 'ipv6', state: 'new' }, ['filter_FWD_public']],
  ['an answer', { oif: 'br0', family: 'ipv4', state: 'established' }, []],
  ['a forwarded port', { oif: 'br0', family: 'ipv4', state: 'new', status: 'dnat' }, []],
])('%s: the chain that rejects it is found behind jump and goto', (_what, flow, chains) => {
  expect(stopsOf(rules, flow, ['forward']).map(({ chain }) => chain.name)).toEqual(chains);
});
