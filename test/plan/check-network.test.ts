import { expect, test } from 'vitest';
import { parseNetwork } from '../../src/config/network.ts';
import type { HostLink, HostNetwork } from '../../src/network/host-network.ts';
import { aliasOf } from '../../src/network/interface-plan.ts';
import { checkNetwork } from '../../src/plan/check-network.ts';
import type { Inventory } from '../../src/plan/inventory.ts';

const vm = { vm: 'vm1', runHome: '/run/umlmon/vm1' };
const link = (name: string, more: Partial<HostLink> = {}): HostLink => ({
  name,
  alias: '',
  kind: '',
  addresses: [],
  ...more,
});
const host: HostNetwork = {
  links: [
    link('eth0', { addresses: ['10.9.0.1', 'fd00::9'] }),
    link('br0', { kind: 'bridge', bridge: { filtersVlans: false, defaultVlan: 1 } }),
  ],
  ipv6: true,
  forwards6: [],
  tun: true,
};

function check(text: string, on: Partial<HostNetwork> = {}, root = true): string[] {
  const parsed = parseNetwork(text);
  if ('cause' in parsed) throw new Error(parsed.cause);
  const found = { ...host, ...on, programs: { ip: '/ip', bridge: '/bridge' } };
  return checkNetwork(vm, { unit: 0, ...parsed.value }, { root, network: { found } }).map(
    ({ code, cause, hint }) => `${code} ${cause} (${hint})`,
  );
}

const toHost = 'host_to_host(proxy_if=p0, proxy_addr=10.0.0.1, guest_addr=10.0.0.2, host_if=eth0)';
const toHost6 = 'host_to_host(proxy_if=p0, proxy_addr=fd00::1, guest_addr=fd00::2, host_if=eth0)';
const toBridge = 'bridged(bridge_if=br0, proxy_if=p0)';

test('a host that fits', () => {
  expect(check(toHost)).toEqual([]);
  expect(check(toBridge)).toEqual([]);
  expect(check(toHost6, { forwards6: ['eth0'] })).toEqual([]);
});

test('without root', () => {
  expect(check(toHost, {}, false)).toEqual([
    'NETWORK_PRIVILEGE host_to_host changes the network of the host, which only root may (run umlmon as root, or take the interface out)',
  ]);
});

test.each<[string, string, Partial<HostNetwork>, RegExp]>([
  ['no tun', toBridge, { tun: false }, /^NETWORK_HOST the host has no \/dev\/net\/tun \(modprobe tun/],
  [
    'a mistyped bridge',
    'bridged(bridge_if=br1, proxy_if=p0)',
    {},
    /^NETWORK_MISSING .* no interface br1 \(did you mean "br0"/,
  ],
  [
    'no bridge',
    'bridged(bridge_if=eth0, proxy_if=p0)',
    {},
    /^NETWORK_MISSING bridge_if: eth0 is no bridge \(bridges are br0\)/,
  ],
  [
    'no VLAN filter',
    'bridged(bridge_if=br0, proxy_if=p0, vlan=7)',
    {},
    /^NETWORK_HOST vlan: .* \(ip link set br0 type bridge vlan_filtering 1\)/,
  ],
  [
    'a name that is taken',
    'bridged(bridge_if=br0, proxy_if=eth0)',
    {},
    /^NETWORK_IN_USE proxy_if: the host has an interface eth0 already/,
  ],
  [
    'an address of the host',
    toHost.replace('10.0.0.2', '10.9.0.1'),
    {},
    /^NETWORK_IN_USE guest_addr: 10\.9\.0\.1 is an address of the host already, on eth0/,
  ],
  [
    'an IPv6 address of the host',
    toHost6.replace('fd00::1', 'fd00:0::9'),
    { forwards6: ['eth0'] },
    /^NETWORK_IN_USE proxy_addr: fd00::9 /,
  ],
  [
    'no such host_if',
    toHost.replace('eth0', 'lan0'),
    {},
    /^NETWORK_MISSING host_if: the host has no interface lan0/,
  ],
  [
    'no IPv6 forwarding',
    toHost6,
    {},
    /^NETWORK_HOST host_if: the host does not forward IPv6 on eth0 \(sysctl -w/,
  ],
  ['no IPv6', toHost6, { ipv6: false, forwards6: ['eth0'] }, /^NETWORK_HOST the host has no IPv6/],
])('%s', (_name, text, on, words) => {
  const problems = check(text, on);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(words);
});

test('the tap of the VM itself, of a VM that runs or a start that was killed, is not in its way', () => {
  const own = link('p0', { alias: aliasOf(vm, 0), addresses: ['10.0.0.1'] });
  expect(check(toHost, { links: [...host.links, own] })).toEqual([]);
  const other = { ...own, alias: aliasOf({ ...vm, runHome: '/run/other/vm1' }, 0) };
  expect(check(toHost, { links: [...host.links, other] })).toHaveLength(2);
});

test('a host without ip(8) says so once per interface, with the package', () => {
  const network: Inventory['network'] = {
    missing: {
      code: 'HOST_PROGRAM_MISSING',
      place: 'ip',
      cause: 'not found',
      hint: 'apt-get install iproute2',
    },
  };
  const parsed = parseNetwork(toBridge);
  if ('cause' in parsed) throw new Error(parsed.cause);
  expect(checkNetwork(vm, { unit: 0, ...parsed.value }, { root: true, network })).toEqual([
    { code: 'HOST_PROGRAM_MISSING', cause: 'ip: not found', hint: 'apt-get install iproute2' },
  ]);
});
