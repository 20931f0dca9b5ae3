import { expect, test } from 'vitest';
import { parseNetwork } from '../../../src/config/networks/network.ts';
import { probeKernel } from '../../../src/kernel/probe.ts';
import type { PortConflict } from '../../../src/network/host/find-listeners.ts';
import type { HostLink, HostNetwork } from '../../../src/network/host/host-network.ts';
import { aliasOf } from '../../../src/network/plan/interface-plan.ts';
import { checkNetwork } from '../../../src/plan/checks/check-network.ts';
import type { Inventory } from '../../../src/plan/facts/inventory.ts';
import { testKernelDirectory } from '../../helpers/guest/kernel.ts';

const vm = { vm: 'vm1', home: '/run/umlmon/vm1' };
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
  tunForAll: true,
  tunFault: '',
};

const user: Inventory['user'] = { found: { name: 'uml', uid: 1000, gid: 1000 } };
const kernel: Inventory['kernel'] = {
  found: { ...probeKernel(testKernelDirectory()), transports: ['tap', 'l2tpv3', 'raw'] },
};

function check(
  text: string,
  on: Partial<HostNetwork> = {},
  root = true,
  has = kernel,
  conflicts: readonly PortConflict[] = [],
  nodev?: string,
): string[] {
  const parsed = parseNetwork(text);
  if ('cause' in parsed) throw new Error(parsed.cause);
  const found = { ...host, ...on, programs: { ip: '/ip', bridge: '/bridge' }, conflicts };
  return checkNetwork(
    vm,
    { unit: 0, ...parsed.value },
    { root, network: { found }, user, kernel: has, nodev },
  ).map(({ code, cause, hint }) => `${code} ${cause} (${hint})`);
}

const toHost = 'host_to_host(proxy_if=p0, proxy_addr=10.0.0.1, guest_addr=10.0.0.2, host_if=eth0)';
const toHost6 = 'host_to_host(proxy_if=p0, proxy_addr=fd00::1, guest_addr=fd00::2, host_if=eth0)';
const toBridge = 'bridged(bridge_if=br0, proxy_if=p0)';

test('a host that fits', () => {
  expect(check(toHost)).toEqual([]);
  expect(check(toBridge)).toEqual([]);
  expect(check(toHost6, { forwards6: ['eth0'] })).toEqual([]);
});

test('a kernel before the vector devices has taps in another form, without their options', () => {
  const old: Inventory['kernel'] = {
    found: { ...probeKernel(testKernelDirectory()), transports: [], legacyTransports: ['tuntap'] },
  };
  const tap = { links: [link('t0', { tapOwner: 1000 })] };
  expect(check(toHost, {}, true, old)).toEqual([]);
  expect(check('tap(ifname=t0, mac=02:00:00:00:00:01)', tap, true, old)).toEqual([]);
  expect(check('tap(ifname=t0, mtu=1400, depth=8)', tap, true, old)).toEqual([
    expect.stringMatching(/^NETWORK_TRANSPORT mtu: .* ethN=tuntap, without mtu \(remove it/),
    expect.stringMatching(/^NETWORK_TRANSPORT depth: /),
  ]);
  expect(check('bess(dst=/run/uml/s)', {}, true, old)).toEqual([
    expect.stringMatching(/^NETWORK_TRANSPORT the kernel has no vector transport bess/),
  ]);
});

test('a forwarded port at which a program of the host listens, and a tap device that cannot be opened', () => {
  const port = { protocol: 'tcp', hostPort: 8080, family: 4 } as const;
  const listener = { protocol: 'tcp', address: '0.0.0.0', port: 8080, uid: 33, inode: '7' } as const;
  const conflict: PortConflict = { port, listener, owner: 'nginx (pid 12)' };
  const nat = 'nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2, forward=8080:80 udp:8080:80)';
  expect(check(nat, {}, true, kernel, [conflict])).toEqual([
    'NETWORK_IN_USE forward: tcp port 8080 of the host is in use: nginx (pid 12) of uid 33 listens at 0.0.0.0 (forward another port of the host, or stop that program; ss -anp sport = :8080 shows it)',
  ]);
  expect(check('nat(name=web, subnet=10.7.0.0/24)', {}, true, kernel, [conflict])).toEqual([]);
  for (const [fault, cure] of [
    ['EPERM', /DeviceAllow=\/dev\/net\/tun rwm/],
    ['EACCES', /chmod 666 \/dev\/net\/tun/],
    ['ENODEV', /modprobe tun/],
  ] as const) {
    expect(check(toBridge, { tunFault: fault })).toEqual([expect.stringMatching(cure)]);
    expect(
      check(
        'l2tpv3(udp=on, src=127.0.0.1, dst=127.0.0.1, srcport=1707, dstport=1708, rx_session=1, tx_session=1)',
        { tunFault: fault },
      ),
    ).toEqual([]);
  }
});

test('pasta opens the tap device as the user of the VM: without root the attempt counts, not the mode of the file', () => {
  const own: Inventory['kernel'] = {
    found: { ...probeKernel(testKernelDirectory()), transports: ['raw'] },
  };
  expect(check('user()', { tunForAll: false }, false, own)).toEqual([]);
  expect(check('user()', { tunFault: 'EACCES', tunForAll: false }, false, own)).toEqual([
    expect.stringMatching(/^NETWORK_HOST \/dev\/net\/tun cannot be opened: EACCES/),
  ]);
  expect(check('user()', { tunForAll: false }, true, own)).toEqual([
    expect.stringMatching(/^NETWORK_HOST pasta runs as the user of the VM, who cannot open/),
  ]);
});

test('without root', () => {
  expect(check(toHost, {}, false)).toEqual([
    'NETWORK_PRIVILEGE host_to_host changes the network of the host, which needs root (run umlmon as root, or remove the interface)',
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
    /^NETWORK_MISSING bridge_if: eth0 is not a bridge \(bridges: br0\)/,
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
    /^NETWORK_IN_USE proxy_if: the host already has an interface eth0/,
  ],
  [
    'an address of the host',
    toHost.replace('10.0.0.2', '10.9.0.1'),
    {},
    /^NETWORK_IN_USE guest_addr: the host already has 10\.9\.0\.1, on eth0/,
  ],
  [
    'an IPv6 address of the host',
    toHost6.replace('fd00::1', 'fd00:0::9'),
    { forwards6: ['eth0'] },
    /^NETWORK_IN_USE proxy_addr: the host already has fd00::9, /,
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
  const other = { ...own, alias: aliasOf({ ...vm, home: '/run/other/vm1' }, 0) };
  expect(check(toHost, { links: [...host.links, other] })).toHaveLength(2);
});

test('a host without ip(8): reported once per interface, with the package', () => {
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
  expect(
    checkNetwork(vm, { unit: 0, ...parsed.value }, { root: true, network, user, kernel, nodev: undefined }),
  ).toEqual([{ code: 'HOST_PROGRAM_MISSING', cause: 'ip: not found', hint: 'apt-get install iproute2' }]);
});

const taps: Partial<HostNetwork> = {
  links: [
    link('eth0', { addresses: ['10.9.0.1', 'fd00::9'] }),
    link('eth1', { addresses: ['fd09::3', '10.9.5.6'] }),
    link('tap0', { kind: 'tun', tapOwner: 1000 }),
    link('tap1', { kind: 'tun', tapOwner: 0 }),
    link('tap2', { kind: 'tun', tapOwner: 1000, alias: 'umlmon:vm2:eth0:12345678' }),
    link('tun0', { kind: 'tun' }),
    link('web-1', { kind: 'bridge', alias: 'umlmon:nat:web:12345678', addresses: ['10.8.0.1'] }),
  ],
};

test.each<[string, boolean, RegExp | undefined]>([
  ['tap(ifname=tap0)', true, undefined],
  ['tap(ifname=tap0)', false, /^NETWORK_PRIVILEGE tap changes the network of the host/],
  ['tap(ifname=tap1)', true, /^NETWORK_MISSING ifname: the tap tap1 does not belong to .* uid 1000/],
  ['tap(ifname=tap2)', true, /^NETWORK_IN_USE ifname: tap2 is a tap of umlmon/],
  ['tap(ifname=tun0)', true, /^NETWORK_MISSING ifname: tun0 is not a tap/],
  ['tap(ifname=tap7)', true, /^NETWORK_MISSING ifname: the host has no interface tap7 \(did you mean "tap0"/],
  [
    'l2tpv3(udp=on, src=10.9.0.1, dst=10.9.0.2, srcport=1707, dstport=1707, rx_session=1, tx_session=1)',
    false,
    undefined,
  ],
  [
    'l2tpv3(udp=on, src=10.9.0.7, dst=10.9.0.2, srcport=1707, dstport=1707, rx_session=1, tx_session=1)',
    true,
    /^NETWORK_MISSING src: the host has no address 10\.9\.0\.7/,
  ],
  ['l2tpv3(src=10.9.0.1, dst=10.9.0.2, rx_session=1, tx_session=1)', true, undefined],
  [
    'l2tpv3(src=127.0.0.1, dst=10.9.0.2, rx_session=1, tx_session=1)',
    true,
    /^NETWORK_MISSING src: 127\.0\.0\.1 cannot be reached from another host/,
  ],
  [
    'l2tpv3(udp=on, src=FD00:0::9, dst=fd00::1, srcport=2000, dstport=2, rx_session=1, tx_session=1)',
    true,
    undefined,
  ],
  ['raw(ifname=eth0)', true, undefined],
  ['raw(ifname=eth0)', false, /^NETWORK_PRIVILEGE raw changes the network of the host/],
  ['raw(ifname=eht0)', true, /^NETWORK_MISSING ifname: the host has no interface eht0 .*did you mean "eth0"/],
  [
    'bess(dst=/run/uml/switch)',
    true,
    /^NETWORK_TRANSPORT the kernel has no vector transport bess \(transports of this kernel: tap, l2tpv3, raw/,
  ],
  ['network(name=lab)', true, undefined],
  ['network(name=lab)', false, /^NETWORK_PRIVILEGE network changes/],
  ['nat(name=web, subnet=10.8.0.0/24)', true, undefined],
  [
    'nat(name=other, subnet=10.8.0.0/24)',
    true,
    /^NETWORK_IN_USE subnet: the host already has 10\.8\.0\.1, on web-1/,
  ],
  // The gateway would be the router of the host's own network.
  [
    'nat(name=lan, subnet=10.9.4.0/22)',
    true,
    /^NETWORK_IN_USE subnet: the host already has 10\.9\.5\.6, on eth1/,
  ],
  ['nat(name=six, subnet=fd08::/64)', true, /^NETWORK_HOST subnet: the host does not forward IPv6/],
])('%s, root %s', (text, root, refusal) => {
  const said = check(text, taps, root);
  expect(said).toEqual(refusal ? [expect.stringMatching(refusal)] : []);
});
