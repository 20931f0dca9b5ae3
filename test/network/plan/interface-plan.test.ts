import { describe, expect, test } from 'vitest';
import { parseNetwork } from '../../../src/config/networks/network.ts';
import type { HostNetwork } from '../../../src/network/host/host-network.ts';
import { type InterfacePlan, planInterfaces } from '../../../src/network/plan/interface-plan.ts';
import type { KernelTransports } from '../../../src/network/plan/vector-options.ts';

const host: HostNetwork = {
  links: [
    { name: 'br0', alias: '', kind: 'bridge', addresses: [], bridge: { filtersVlans: true, defaultVlan: 1 } },
  ],
  ipv6: true,
  forwards6: [],
  tun: true,
  tunForAll: true,
  tunFault: '',
};

const mac = '02:00:00:00:00:03';

const kernel = { transports: ['tap'], legacyTransports: ['tuntap'] };

function planOf(
  text: string,
  on: Partial<HostNetwork> = {},
  vm = 'vm1',
  has: KernelTransports = kernel,
): InterfacePlan {
  const parsed = parseNetwork(text);
  if ('cause' in parsed) throw new Error(parsed.cause);
  const request = {
    vm,
    home: `/run/umlmon/${vm}`,
    uid: 1000,
    owner: '/run/umlmon/.network',
    kernel: has,
    macs: new Map([[3, parsed.value.mac ?? mac]]),
    interfaces: [{ unit: 3, ...parsed.value }],
  };
  const [plan] = planInterfaces(request, { ...host, ...on });
  if (!plan) throw new Error('no plan');
  return plan;
}

/** Chapter 6.7 of the first HOWTO: `eth<n>=tuntap,<device>,<mac>`. */
test.each([
  'host_to_host(proxy_if=p3, proxy_addr=10.0.0.1, guest_addr=10.0.0.2)',
  'bridged(bridge_if=br0, proxy_if=p3)',
  'tap(ifname=p3)',
])('%s, for a kernel before the vector devices', (text) => {
  const plan = planOf(text, {}, 'vm1', { ...kernel, transports: [] });
  expect(plan).toMatchObject({ argument: `eth3=tuntap,p3,${mac}`, guest: 'eth3' });
  expect(plan.guestCommands.join()).toMatch(/^ip link set eth3 up,.* dev eth3/);
});

const words = (plan: InterfacePlan) => plan.make.map((command) => command.join(' '));

describe('host_to_host', () => {
  const text = 'host_to_host(proxy_if=p3, proxy_addr=10.0.0.1, guest_addr=10.0.0.2)';

  test('a tap of the user of the VM, marked before it gets its name, with both addresses', () => {
    const plan = planOf(text);
    const [, hash = ''] = /^umlmon:vm1:eth3:([0-9a-f]{8})$/.exec(plan.alias) ?? [];
    const tap = `um${hash}-3`;
    expect(tap.length).toBeLessThan(16);
    expect(words(plan)).toEqual([
      `tuntap add dev ${tap} mode tap user 1000 vnet_hdr`,
      `link set dev ${tap} alias ${plan.alias}`,
      `link set dev ${tap} addrgenmode none`,
      expect.stringMatching(new RegExp(`^link set dev ${tap} address fe(:[0-9a-f]{2}){5}$`)),
      `link set dev ${tap} name p3`,
      'address add 10.0.0.1/32 dev p3',
      'link set dev p3 up',
      'route add 10.0.0.2/32 dev p3 src 10.0.0.1',
    ]);
    expect(plan.argument).toBe(`vec3:transport=tap,ifname=p3,mac=${mac},depth=64,gro=1`);
    expect(plan).toMatchObject({
      temporary: tap,
      guest: 'vec3',
      own: [],
      others: [],
      announced: [],
      join: [],
    });
  });

  test('a VM has the same marks each time, and other VMs have others', () => {
    expect(planOf(text)).toEqual(planOf(text));
    const [one, other] = [planOf(text), planOf(text, {}, 'vm2')];
    expect(other.alias).not.toBe(one.alias);
    expect(other.temporary).not.toBe(one.temporary);
    expect(words(other)[3]).not.toBe(words(one)[3]);
  });

  test('with host_if it forwards between the two only, and announces the address', () => {
    const plan = planOf(text.replace(')', ', host_if=eth0)'));
    expect(plan.announced).toEqual([{ address: '10.0.0.2', on: 'eth0' }]);
    expect(plan.others).toEqual([{ name: 'net/ipv4/conf/eth0/forwarding', value: '1' }]);
    expect(plan.own.map(({ name }) => name)).toEqual([
      'net/ipv4/conf/p3/forwarding',
      'net/ipv4/conf/p3/proxy_arp',
    ]);
  });

  test('IPv6: neighbour proxy instead of ARP; forwarding of the other interface is not touched', () => {
    const plan = planOf('host_to_host(proxy_if=p3, proxy_addr=fd00::1, guest_addr=fd00::2, host_if=eth0)');
    expect(words(plan).slice(-3)).toEqual([
      'address add fd00::1/128 dev p3 nodad',
      'link set dev p3 up',
      'route add fd00::2/128 dev p3 src fd00::1',
    ]);
    expect(plan.others).toEqual([{ name: 'net/ipv6/conf/eth0/proxy_ndp', value: '1' }]);
  });

  test('on a host without IPv6 no command removes its addresses', () => {
    expect(words(planOf(text, { ipv6: false })).join()).not.toContain('addrgenmode');
  });
});

test.each([
  'network(name=lab, link_id=7, local=192.0.2.1, remote=192.0.2.9)',
  'user()',
  'raw(ifname=eth0)',
  'hybrid(ifname=eth0)',
  'gre(src=192.0.2.1, dst=192.0.2.9)',
])('%s, on a host without IPv6, where addrgenmode is an error', (text) => {
  const has = { transports: ['tap', 'raw', 'hybrid', 'gre'], legacyTransports: [] };
  const plan = (ipv6: boolean) => JSON.stringify(planOf(text, { ipv6 }, 'vm1', has));
  expect(plan(true)).toContain('addrgenmode');
  expect(plan(false)).not.toContain('addrgenmode');
});

describe('bridged', () => {
  test('a port of the bridge, isolated if asked', () => {
    expect(words(planOf('bridged(bridge_if=br0, proxy_if=p3)')).slice(-2)).toEqual([
      'link set dev p3 master br0',
      'link set dev p3 up',
    ]);
    expect(words(planOf('bridged(bridge_if=br0, proxy_if=p3, isolated=true)'))).toContain(
      'link set dev p3 type bridge_slave isolated on',
    );
  });

  test('a VLAN replaces the ordinary one of the bridge', () => {
    const joins = (vlan: number, defaultVlan: number) =>
      planOf(`bridged(bridge_if=br0, proxy_if=p3, vlan=${vlan})`, {
        links: [
          {
            ...host.links[0],
            name: 'br0',
            alias: '',
            kind: 'bridge',
            addresses: [],
            bridge: { filtersVlans: true, defaultVlan },
          },
        ],
      }).join.map((command) => command.join(' '));
    expect(joins(7, 1)).toEqual(['vlan add dev p3 vid 7 pvid untagged', 'vlan del dev p3 vid 1']);
    expect(joins(7, 0)).toEqual(['vlan add dev p3 vid 7 pvid untagged']);
    expect(joins(1, 1)).toEqual(['vlan add dev p3 vid 1 pvid untagged']);
  });
});
