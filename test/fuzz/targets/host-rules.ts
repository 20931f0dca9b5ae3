/** What the host says about rules and sockets: programs of others have named what is in it. */

import { parseListeners } from '../../../src/network/host/listener.ts';
import { parseLegacyRules } from '../../../src/network/rules/legacy-rules.ts';
import { changedRules } from '../../../src/network/rules/rule-messages.ts';
import { parseRuleset, type Ruleset } from '../../../src/network/rules/ruleset.ts';
import { type Flow, stopsOf } from '../../../src/network/rules/walk-rules.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, refusable, type Target } from '../target.ts';

const flow: Flow = { iif: 'web-1', oif: 'eth0', family: 'ipv4', saddr: '10.7.0.0/24', state: 'new' };

/** At most one stop for each chain. */
function walk(rules: Ruleset): void {
  const stops = stopsOf(rules, flow, ['prerouting', 'forward', 'postrouting']);
  assert(stops.length <= rules.size, 'each chain stops a packet once');
}

const json = JSON.stringify({
  nftables: [
    { table: { family: 'ip', name: 'filter' } },
    { chain: { family: 'ip', table: 'filter', name: 'USER' } },
    {
      chain: {
        family: 'ip',
        table: 'filter',
        name: 'FORWARD',
        type: 'filter',
        hook: 'forward',
        prio: 0,
        policy: 'drop',
      },
    },
    { rule: { family: 'ip', table: 'filter', chain: 'FORWARD', expr: [{ jump: { target: 'USER' } }] } },
    {
      rule: {
        ...{ family: 'ip', table: 'filter', chain: 'USER' },
        expr: [
          { match: { op: '==', left: { meta: { key: 'iifname' } }, right: { set: ['web-1', 'b*'] } } },
          { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } },
          { vmap: { key: { ct: { key: 'state' } }, data: { set: [['new', { goto: { target: 'USER' } }]] } } },
          { xt: { type: 'target', name: 'REJECT' } },
        ],
      },
    },
  ],
});
const save = `*filter
:FORWARD DROP [12:720]
:USER - [0:0]
-A FORWARD -j USER
-A USER -i web+ ! -o eth0 -s 10.0.0.0/8 -m conntrack --ctstate NEW,RELATED -m comment --comment "a b" -g FORWARD
COMMIT
`;
const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1234 1
   1: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 07 0:0 0:0 0 33 0 9 1
`;
const message = Buffer.from(
  '380000000003010a00000000b71e00000100000314000100756d6c6d6f6e2d6e61742d31000000000a0003006663000000000000'.slice(
    0,
    104,
  ),
  'hex',
);

function target(
  name: string,
  sample: string | Buffer,
  words: readonly string[],
  run: (input: Buffer) => void,
): Target {
  const corpus: Corpus = { samples: [Buffer.from(sample)], words, maxBytes: 4096 };
  return {
    name,
    share: 1,
    make: (random) => makeInput(random, corpus),
    run: (input) => refusable([SyntaxError], () => run(input)),
  };
}

export const hostRuleTargets: readonly Target[] = [
  target('rules of nftables', json, ['"goto"', '"jump"', '{}', '[]', 'null', '"USER"', '@', '*'], (input) =>
    walk(parseRuleset(input.toString('utf8'))),
  ),
  target(
    'rules of iptables',
    save,
    ['-j', '-g', '!', '-i ', ' USER', '\n-A FORWARD ', '"', ':USER '],
    (input) => walk(parseLegacyRules('ip', input.toString('utf8'))),
  ),
  target('listeners of the host', table, [':', ' 0A ', ' 07 ', 'FFFFFFFF'], (input) => {
    for (const { port } of parseListeners('tcp', input.toString('latin1')))
      assert(Number.isNaN(port) || port >= 0, 'a port is a number');
  }),
  target('messages about rules', message, ['\xff\xff\xff\xff', '\0\0\0\0', 'umlmon-'], (input) => {
    changedRules(input);
  }),
];
