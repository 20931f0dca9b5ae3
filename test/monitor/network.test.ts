/** The network of VMs, in network namespaces that stand for hosts. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../src/cli/monitor-client.ts';
import { GuestShell } from '../helpers/guest.ts';
import { NetNamespace } from '../helpers/net-namespace.ts';
import { World } from '../helpers/world.ts';

let host: NetNamespace;
let world: World;
let namespaces: NetNamespace[];
let clients: MonitorClient[];

beforeEach(() => {
  namespaces = [];
  clients = [];
  host = namespace();
  world = new World(host.name);
});

afterEach(async () => {
  for (const client of clients) client.close();
  await world.close();
  for (const one of namespaces) one.close();
});

function namespace(): NetNamespace {
  const fresh = new NetNamespace();
  namespaces.push(fresh);
  return fresh;
}

/** Starts the monitors of VMs with these interfaces as eth0. */
async function monitors(...networks: string[]): Promise<MonitorClient[]> {
  const names = networks.map((_, i) => `vm${i + 1}`);
  world.configure(
    Object.fromEntries(
      networks.map((network, i) => [`vm${i + 1}`, `ubd0 = /disks/root.dsk\nmem = 64M\neth0 = ${network}`]),
    ),
  );
  for (const name of names) {
    world.addImage(name);
    await world.startMonitor(name);
    clients.push(await world.client(name));
  }
  return clients;
}

/** Starts VMs; resolves to a shell in each, with its network up. */
async function guests(...networks: { spec: string; setup: string }[]): Promise<GuestShell[]> {
  const shells: GuestShell[] = [];
  for (const [i, client] of (await monitors(...networks.map(({ spec }) => spec))).entries()) {
    await client.call('start', undefined);
    const shell = await GuestShell.open(client);
    shells.push(shell);
    expect(await shell.run(networks[i]?.setup ?? '')).toMatchObject({ status: 0 });
  }
  return shells;
}

test.each([
  ['IPv4', '192.168.2.1', '192.168.2.2', 'ip addr add 192.168.2.2 peer 192.168.2.1 dev vec0'],
  ['IPv6', 'fd00:2::1', 'fd00:2::2', 'ip addr add fd00:2::2/128 dev vec0 && ip route add fd00:2::1 dev vec0'],
])('host_to_host, %s: both reach each other', async (_name, here, there, address) => {
  const before = host.state();
  const [shell] = await guests({
    spec: `host_to_host(proxy_if=proxy1, proxy_addr=${here}, guest_addr=${there})`,
    setup: `echo 0 >/proc/sys/net/ipv6/conf/vec0/accept_dad; ip link set vec0 up && ${address}`,
  });
  expect(await shell?.run(`ping -c 1 -W 2 ${here}`)).toMatchObject({ status: 0 });
  expect(host.succeeds(`busybox ping -c 1 -W 2 ${there}`)).toBe(true);

  const served = host.start(`busybox nc -l -p 7000`);
  expect(
    await shell?.run(`until echo from the guest | nc -w 2 ${here} 7000; do usleep 10000; done`),
  ).toMatchObject({ status: 0 });
  expect(await served).toBe('from the guest\n');

  await clients[0]?.call('stop', { timeoutMs: 0 });
  expect(host.state()).toBe(before);
});
