/** Who reaches whom through the networks that umlmon makes, in network namespaces that stand for hosts. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GuestShell } from '../../helpers/guest/guest.ts';
import { NetworkWorld } from '../../helpers/host/network-world.ts';

let lan: NetworkWorld;
beforeEach(() => {
  lan = new NetworkWorld();
});
afterEach(() => lan.close());

/** Which of the addresses answer a guest; those that do have some seconds for it. */
async function reachedBy(shell: GuestShell, ...addresses: string[]): Promise<string[]> {
  const { output } = await shell.run(
    `(for a in ${addresses.join(' ')}; do (ping -c 1 -W 2 $a >/dev/null 2>&1 && echo at-$a) & done; wait)`,
  );
  return addresses.filter((address) => output.split('\n').includes(`at-${address}`));
}
/** Addresses that are not tentative for a second. */
const quick = 'echo 0 >/proc/sys/net/ipv6/conf/vec0/accept_dad';
/** A guest with an address of either family. */
const guestWithBoth = (vm: string, n: number) =>
  lan.start(
    vm,
    `${quick}; ip link set vec0 up`,
    `ip addr add 10.7.0.${n}/24 dev vec0 && ip addr add fd07::${n}/64 dev vec0`,
  );
/** Answers every connection to a port with a line. */
const serve = (port: number, line: string) =>
  `(while :; do nc -l -p ${port} -e echo ${line}; done) >/dev/null 2>&1 & true`;
const patience = { timeout: 15_000, interval: 100 };

/** A host with a way out, and somebody out there. */
function withOutside() {
  const outside = lan.namespace();
  lan.host.connect('out0', outside, 'out0');
  lan.host.run('ip addr add 192.0.2.1/24 dev out0');
  outside.run('ip addr add 192.0.2.9/24 dev out0');
  lan.host.run('ip addr add 2001:db8::1/64 dev out0 nodad');
  outside.run('ip addr add 2001:db8::9/64 dev out0 nodad');
  return outside;
}

test('nat with IPv6: out under the address of the host, in by a forwarded port, from host and outside', async () => {
  const outside = withOutside();
  lan.host.run('sysctl -qw net.ipv6.conf.all.forwarding=1');
  await lan.monitors({
    vm1: 'eth0 = nat(name=six, subnet=fd07::/64, guest_addr=fd07::2, forward=8080:80)',
    vm2: 'eth0 = nat(name=six, subnet=fd07::/64, guest_addr=fd07::3)',
  });
  const guest = (vm: string, n: number) =>
    lan.start(
      vm,
      `${quick}; ip link set vec0 up`,
      `ip addr add fd07::${n}/64 dev vec0`,
      'ip route add default via fd07::1 dev vec0',
    );
  const one = await guest('vm1', 2);
  const two = await guest('vm2', 3);
  // An answer comes back only to the address of the host: out there nobody knows a way to the guests.
  const all = ['2001:db8::9', 'fd07::3'];
  expect(await reachedBy(one, ...all)).toEqual(all);
  expect(outside.succeeds('busybox ping -c 1 -W 1 fd07::2')).toBe(false);
  outside.run('ip route add fd07::/64 via 2001:db8::1');
  expect(outside.succeeds('busybox ping -c 1 -W 1 fd07::2')).toBe(false);

  await one.run(serve(80, 'hello-from-vm1'));
  const ask = 'busybox nc -w 5 2001:db8::1 8080';
  await expect.poll(() => outside.start(ask), patience).toBe('hello-from-vm1\n');
  await expect.poll(() => lan.host.start(ask), patience).toBe('hello-from-vm1\n');
  expect(await reachedBy(two, 'fd07::2')).toEqual(['fd07::2']);
});

test('a forwarded port leads from the host itself to the guest, also from another guest of the network', async () => {
  withOutside();
  const nat = (n: number, more = '') =>
    `eth0 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.${n}${more})`;
  await lan.monitors({ vm1: nat(2, ', forward=8080:80'), vm2: nat(3) });
  const guest = (vm: string, n: number) =>
    lan.start(
      vm,
      'ip link set vec0 up',
      `ip addr add 10.7.0.${n}/24 dev vec0`,
      'ip route add default via 10.7.0.1',
    );
  const one = await guest('vm1', 2);
  const two = await guest('vm2', 3);
  await one.run(serve(80, 'hello-from-vm1'));
  const ask = 'nc -w 5 192.0.2.1 8080';
  await expect.poll(() => lan.host.start(`busybox ${ask}`), patience).toBe('hello-from-vm1\n');
  await expect.poll(async () => (await two.run(ask)).output, patience).toBe('hello-from-vm1');
});

test('a named network has no way to the host, even if the administrator gives its bridge addresses', async () => {
  withOutside();
  lan.host.run('sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1');
  await lan.monitors({ vm1: 'eth0 = network(name=lab)', vm2: 'eth0 = network(name=lab)' });
  const one = await guestWithBoth('vm1', 2);
  await guestWithBoth('vm2', 3);
  const bridge = /^(lab-\w+)/m.exec(lan.host.run('ip -brief link show type bridge'))?.[1] ?? '';
  lan.host.run(`ip addr add 10.7.0.1/24 dev ${bridge}`);
  lan.host.run(`ip addr add fd07::1/64 dev ${bridge} nodad`);
  const mac = lan.host.run(`cat /sys/class/net/${bridge}/address`).trim();
  // Nor does it help to know where the host is without asking.
  for (const address of ['10.7.0.1', 'fd07::1'])
    await one.run(`ip neigh replace ${address} lladdr ${mac} dev vec0 nud permanent`);
  await one.run('ip route add default via 10.7.0.1; ip route add default via fd07::1 dev vec0');
  const addresses = ['10.7.0.1', '192.0.2.1', '192.0.2.9', 'fd07::1', '2001:db8::1', '2001:db8::9'];
  // The network itself is there all the while.
  const others = ['10.7.0.3', 'fd07::3'];
  expect(await reachedBy(one, ...addresses, ...others)).toEqual(others);
  for (const address of ['10.7.0.2', 'fd07::2'])
    expect([address, lan.host.succeeds(`busybox ping -c 1 -W 1 ${address}`)]).toEqual([address, false]);
});

test('isolated ports of a bridge that the administrator has made do not reach each other, by IPv6 neither', async () => {
  lan.host.connect('up0', lan.namespace(), 'up0');
  lan.host.run('ip link add br0 type bridge');
  lan.host.run('ip link set up0 master br0');
  lan.host.run('ip link set br0 up');
  lan.host.run('ip addr add 10.7.0.1/24 dev br0');
  lan.host.run('ip addr add fd07::1/64 dev br0 nodad');
  const port = (n: number) => `eth0 = bridged(bridge_if=br0, proxy_if=port${n}, isolated=true)`;
  await lan.monitors({ vm1: port(2), vm2: port(3) });
  const one = await guestWithBoth('vm1', 2);
  const two = await guestWithBoth('vm2', 3);
  const every = ['10.7.0.1', '10.7.0.2', '10.7.0.3', 'fd07::1', 'fd07::2', 'fd07::3'];
  expect(await reachedBy(one, ...every)).toEqual(['10.7.0.1', '10.7.0.2', 'fd07::1', 'fd07::2']);
  expect(await reachedBy(two, ...every)).toEqual(['10.7.0.1', '10.7.0.3', 'fd07::1', 'fd07::3']);
});
