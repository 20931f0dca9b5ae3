/** Rules of other programs that stop a VM: found, named, and let through by the command that is named. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseNetwork } from '../../../src/config/networks/network.ts';
import type { HostNetwork } from '../../../src/network/host/host-network.ts';
import { planInterfaces } from '../../../src/network/plan/interface-plan.ts';
import { flowsOf } from '../../../src/network/rules/guest-flows.ts';
import { parseLegacyRules } from '../../../src/network/rules/legacy-rules.ts';
import { type Obstacle, obstaclesOf } from '../../../src/network/rules/obstacles.ts';
import { parseRuleset, type Ruleset } from '../../../src/network/rules/ruleset.ts';
import { NetNamespace } from '../../helpers/host/net-namespace.ts';

const hostNetwork: HostNetwork = {
  links: [],
  ipv6: true,
  forwards6: [],
  tun: true,
  tunForAll: true,
  tunFault: '',
};
const noBridges = { bridged4: false, bridged6: false };
const ways = { ipv4: 'wan0', ipv6: 'wan0', ...noBridges };

function planOf(text: string) {
  const parsed = parseNetwork(text);
  if ('cause' in parsed) throw new Error(parsed.cause);
  return planInterfaces(
    {
      ...{ vm: 'vm1', home: '/run/umlmon/vm1', owner: '/run/umlmon/.network', uid: 0 },
      kernel: { transports: ['tap', 'gre', 'l2tpv3'], legacyTransports: [] },
      macs: new Map([[0, '02:00:00:00:00:01']]),
      interfaces: [{ unit: 0, ...parsed.value }],
    },
    hostNetwork,
  );
}

let host: NetNamespace;
beforeEach(() => {
  host = new NetNamespace();
});
afterEach(() => host.close());

const load = (rules: string) =>
  execFileSync('ip', ['netns', 'exec', host.name, 'nft', '-f', '-'], { input: rules });
const rulesOf = (): Ruleset => parseRuleset(host.run('nft --json --terse list ruleset'));
const stops = (text: string, more = {}): Obstacle[] =>
  obstaclesOf(rulesOf(), planOf(text), { ...ways, ...more });

const nat = 'nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2, forward=8080:80)';
const bridge = planOf(nat)[0]?.shared?.how.bridge ?? '';

/** As Docker 28 has it with iptables-nft. */
const docker = `table ip filter {
  chain DOCKER { }
  chain DOCKER-USER { }
  chain DOCKER-ISOLATION-STAGE-2 {
    oifname "docker0" counter drop
  }
  chain DOCKER-ISOLATION-STAGE-1 {
    iifname "docker0" oifname != "docker0" counter jump DOCKER-ISOLATION-STAGE-2
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
    counter jump DOCKER-ISOLATION-STAGE-1
    oifname "docker0" ct state related,established counter accept
    oifname "docker0" counter jump DOCKER
    iifname "docker0" oifname != "docker0" counter accept
  }
}`;

test('Docker drops what is forwarded: the rule that lets a VM through is one of DOCKER-USER, and works', () => {
  expect(stops(nat)).toEqual([]);
  load(docker);
  const [obstacle, ...others] = stops(nat);
  expect(others).toEqual([]);
  expect(obstacle).toEqual({
    unit: 0,
    what: 'eth0: the chain FORWARD of the nftables table ip filter drops what the guest sends, answers to the guest and connections to forwarded ports (policy drop)',
    cure: `nft insert rule ip filter DOCKER-USER iifname ${bridge} accept; nft insert rule ip filter DOCKER-USER oifname ${bridge} accept`,
  });
  for (const command of obstacle?.cure.split('; ') ?? []) host.run(command);
  expect(stops(nat)).toEqual([]);
});

describe('other firewalls', () => {
  test.each<[string, string, string, RegExp, RegExp]>([
    [
      'a policy of a table of the administrator',
      'table inet fw { chain pass { type filter hook forward priority 10; policy drop;\nct state established,related accept\n}\n}',
      nat,
      /chain pass of the nftables table inet fw drops what the guest sends and connections to forwarded ports \(policy drop\)$/,
      /^nft insert rule inet fw pass iifname \S+ accept; nft insert rule inet fw pass oifname/,
    ],
    [
      'a rule at the end that rejects',
      'table ip fw { chain pass { type filter hook forward priority 10;\niifname "docker0" accept\nreject with icmp type admin-prohibited\n}\n}',
      nat,
      /chain pass of the nftables table ip fw drops .* \(by a rule\)$/,
      /^nft insert rule ip fw pass/,
    ],
    [
      'a map of states',
      'table inet fw { chain pass { type filter hook forward priority 0; policy drop;\nct state vmap { established : accept, related : accept, invalid : drop }\n}\n}',
      nat,
      /drops what the guest sends and connections/,
      /iifname/,
    ],
    [
      'a raw chain before routing that drops the subnet of the guest',
      'table ip raw { chain pre { type filter hook prerouting priority raw;\nip saddr 10.0.0.0/8 drop\n}\n}',
      nat,
      /chain pre of the nftables table ip raw drops what the guest sends \(by a rule\)$/,
      /^nft insert rule ip raw pre iifname/,
    ],
    [
      'an input chain, for an interface to the host only',
      'table inet fw { chain enter { type filter hook input priority 0; policy drop;\niifname "lo" accept\nct state established accept\n}\n}',
      'host_to_host(proxy_if=p0, proxy_addr=10.8.0.1, guest_addr=10.9.0.2)',
      /chain enter of the nftables table inet fw drops what the guest sends to the host \(policy drop\)$/,
      /^nft insert rule inet fw enter iifname p0 accept$/,
    ],
    [
      'an output chain',
      'table ip fw { chain leave { type filter hook output priority 0; policy drop;\noifname "lo" accept\n}\n}',
      'host_to_host(proxy_if=p0, proxy_addr=10.8.0.1, guest_addr=10.9.0.2)',
      /chain leave .* drops what the host sends to the guest/,
      /^nft insert rule ip fw leave oifname p0 accept$/,
    ],
    [
      'connection tracking, for a tunnel that has none',
      'table ip fw { chain pass { type filter hook forward priority 0; policy drop;\nct state established,related accept\nct state new accept\n}\n}',
      'gre(src=192.0.2.1, dst=192.0.2.9)',
      /chain pass .* drops what the guest sends and what is sent to the guest/,
      /iifname um/,
    ],
    [
      'chains of a bridge',
      'table bridge fw { chain pass { type filter hook forward priority 0; policy drop;\n}\n}',
      'bridged(bridge_if=br0, proxy_if=p1)',
      /chain pass of the nftables table bridge fw drops/,
      /^nft insert rule bridge fw pass iifname p1 accept; nft insert rule bridge fw pass oifname p1 accept$/,
    ],
  ])('%s', (_, rules, network, what, cure) => {
    load(rules);
    const [obstacle, ...others] = stops(network);
    expect(others).toEqual([]);
    expect(obstacle?.what).toMatch(what);
    expect(obstacle?.cure).toMatch(cure);
    for (const command of obstacle?.cure.split('; ') ?? []) host.run(command);
    expect(stops(network)).toEqual([]);
  });

  test.each<[string, string]>([
    ['the interface of the VM is let through', `iifname "${bridge}" accept\noifname "${bridge}" accept`],
    [
      'all bridges of this name are',
      `iifname "${bridge.slice(0, 4)}*" accept\noifname { "${bridge}", "x" } accept`,
    ],
    ['the subnet is', 'ip saddr 10.7.0.0/16 accept\nip daddr { 10.7.0.0/24, 10.8.0.0/24 } accept'],
    ['a chain that is jumped to lets it through', 'jump mine'],
  ])('nothing is reported where %s', (_, rules) => {
    load(`table inet fw {
      chain mine { iifname { "${bridge}", "wan0" } accept\n}
      chain pass { type filter hook forward priority 0; policy drop;\n${rules}\n}
    }`);
    expect(stops(nat)).toEqual([]);
  });

  test('protocols are known by name and by number', () => {
    const gre = 'gre(src=192.0.2.1, dst=192.0.2.9)';
    for (const rule of ['meta l4proto 47 accept', 'ip protocol { gre, 115 } accept']) {
      load(
        `flush ruleset\ntable ip fw { chain pass { type filter hook forward priority 0; policy drop;\n${rule}\n}\n}`,
      );
      expect(stops(gre)).toEqual([]);
      expect(stops('l2tpv3(src=192.0.2.1, dst=192.0.2.9, rx_session=1, tx_session=1)').length).toBe(
        rule.includes('115') ? 0 : 1,
      );
    }
  });

  test('a rule that is not understood makes the obstacle uncertain', () => {
    load(
      'table ip fw { chain pass { type filter hook forward priority 0; policy drop;\nmeta mark 7 accept\n}\n}',
    );
    expect(stops(nat)[0]?.what).toMatch(
      /\(policy drop\); unless a rule that umlmon does not understand accepts it$/,
    );
    load(
      'delete table ip fw\ntable ip fw { chain pass { type filter hook forward priority 0;\nmeta mark 7 drop\n}\n}',
    );
    expect(stops(nat)).toEqual([]);
  });

  test('bridges hand packets to rules for IP only if the host is configured so', () => {
    load(docker);
    const bridged = 'bridged(bridge_if=br0, proxy_if=p1)';
    expect(stops(bridged)).toEqual([]);
    expect(stops(bridged, { bridged4: true })).toEqual([
      {
        unit: 0,
        what: 'eth0: the chain FORWARD of the nftables table ip filter drops what the guest and others on its bridge send each other (policy drop)',
        cure: 'nft insert rule ip filter DOCKER-USER iifname br0 accept',
      },
    ]);
  });

  test('firewalld and ufw have commands of their own, whose effect survives a reload', () => {
    load(
      'table inet firewalld { chain filter_FORWARD { type filter hook forward priority filter + 10;\nreject with icmpx admin-prohibited\n}\n}',
    );
    expect(stops(nat)[0]?.cure).toBe(
      `firewall-cmd --permanent --zone=trusted --add-interface=${bridge}; firewall-cmd --reload`,
    );
    load(
      'flush ruleset\ntable ip filter {\nchain ufw-before-forward { }\nchain FORWARD { type filter hook forward priority 0; policy drop;\njump ufw-before-forward\n}\n}',
    );
    expect(stops(nat)[0]?.cure).toBe(`ufw route allow in on ${bridge}; ufw route allow out on ${bridge}`);
  });
});

test('rules of older iptables', () => {
  const legacy = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [12:720]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker+ ! -o docker0 -m comment --comment "from containers" -j ACCEPT
-A DOCKER-USER -m limit --limit 5/min -j LOG --log-prefix "x -j ACCEPT"
COMMIT`;
  const of = (text: string) => obstaclesOf(parseLegacyRules('ip', text), planOf(nat), ways);
  expect(of(legacy)).toEqual([
    {
      unit: 0,
      what: expect.stringMatching(
        /^eth0: the chain FORWARD of the table filter of iptables-legacy drops what the guest sends, .*\(policy drop\)$/,
      ),
      cure: `iptables-legacy -t filter -I DOCKER-USER -i ${bridge} -j ACCEPT; iptables-legacy -t filter -I DOCKER-USER -o ${bridge} -j ACCEPT`,
    },
  ]);
  expect(
    of(
      legacy.replace(
        '-A FORWARD -j',
        `-A FORWARD -i ${bridge} -j ACCEPT\n-A FORWARD -o ${bridge} -j ACCEPT\n-A FORWARD -j`,
      ),
    ),
  ).toEqual([]);
  expect(of(legacy.replace('FORWARD DROP', 'FORWARD ACCEPT'))).toEqual([]);
});

test('only interfaces that the host forwards for have flows', () => {
  const count = (text: string) => planOf(text).flatMap((plan) => flowsOf(plan, ways)).length;
  expect(count(nat)).toBe(3);
  expect(count('host_to_host(proxy_if=p0, proxy_addr=10.8.0.1, guest_addr=10.9.0.2, host_if=lan0)')).toBe(5);
  expect(count('network(name=lab)')).toBe(0);
  expect(count('gre(src=192.0.2.1, dst=192.0.2.9)')).toBe(2);
});
