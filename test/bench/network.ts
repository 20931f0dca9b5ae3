import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { MonitorClient } from '../../src/rpc/client/monitor-client.ts';
import { GuestShell } from '../helpers/guest/guest.ts';
import { NetNamespace } from '../helpers/host/net-namespace.ts';
import { vmUid, World } from '../helpers/programs/world.ts';
import { type Figure, inTurns, throughput } from './figure.ts';
import { BareGuest } from './guests/bare-guest.ts';

const rounds = 7;
const megabytes = 512;
/** The guest has one core of the host for itself, and the host's end of a connection the other. */
const cores = { guest: '0', host: '1' };

interface Guest {
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Throughput between host and guest through host_to_host, against a tap made by hand for a kernel started by hand: no
 * jail, no filter, root.
 */
export async function measureNetwork(): Promise<Figure[]> {
  const host = new NetNamespace();
  const guests: Guest[] = [];
  try {
    const bare = await bareGuest(host);
    guests.push(bare);
    const watched = await watchedGuest(host);
    guests.push(watched);
    const figures: Figure[] = [];
    for (const guest of guests) await awaitServers(host, guest);
    for (const way of ['guest to host', 'host to guest'] as const) {
      const times = await inTurns(
        rounds,
        () => transfer(host, bare, way),
        () => transfer(host, watched, way),
      );
      figures.push(throughput(`network, ${way}, against a tap made by hand`, megabytes, times));
    }
    return figures;
  } finally {
    for (const guest of guests) await guest.close();
    host.close();
  }
}

// Data goes from dd to the socket itself: nc would copy it through a small buffer.
const source = `-e dd if=/dev/zero bs=64k count=${megabytes * 16}`;
const sink = '-e dd of=/dev/null bs=64k';
/** Address and servers of a guest: whoever connects to 7001 is sent the data, and may send them to 7002. */
const serve = (net: string) =>
  [
    'ip link set vec0 up',
    `ip addr add ${net}.2 peer ${net}.1 dev vec0`,
    `nc -ll -p 7001 ${source} 2>/dev/null & nc -ll -p 7002 ${sink} 2>/dev/null &`,
  ].join('; ');

/** Seconds of one transfer. Both are ended by the sender, and the host waits for the end. */
async function transfer(host: NetNamespace, guest: Guest, way: keyof typeof ports): Promise<number> {
  const { port, end } = ports[way];
  const command = `netns exec ${host.name} taskset -c ${cores.host} busybox nc ${guest.address} ${port} ${end}`;
  const began = performance.now();
  const child = spawn('ip', command.split(' '), { stdio: 'ignore' });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`the transfer ended with status ${status}: ip ${command}`);
  return (performance.now() - began) / 1000;
}

const ports = {
  'guest to host': { port: 7001, end: sink },
  'host to guest': { port: 7002, end: source },
} as const;

/** Waits until the servers of a guest listen. */
async function awaitServers(host: NetNamespace, { address }: Guest): Promise<void> {
  for (const port of [7001, 7002])
    for (let tries = 0; !host.succeeds(`busybox nc -w 1 ${address} ${port} -e true`); tries++) {
      if (tries === 200) throw new Error(`nobody listens on port ${port} of ${address}`);
      host.run('sleep 0.05');
    }
}

async function watchedGuest(host: NetNamespace): Promise<Guest> {
  const world = new World(host.name);
  let client: MonitorClient | undefined;
  const close = async () => {
    client?.close();
    await world.close();
  };
  try {
    world.configure({
      watched: `ubd0 = /disks/root.dsk\ncpu = ${cores.guest}\neth0 = host_to_host(proxy_if=proxy1, proxy_addr=10.0.1.1, guest_addr=10.0.1.2)`,
    });
    world.addImage('watched');
    await world.startMonitor('watched');
    client = await world.client('watched');
    await client.call('start', undefined);
    const shell = await GuestShell.open(client);
    await shell.type(`${serve('10.0.1')}\r`);
    return { address: '10.0.1.2', close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function bareGuest(host: NetNamespace): Promise<Guest> {
  host.run(`ip tuntap add dev hand mode tap user ${vmUid} vnet_hdr`);
  host.run('ip addr add 10.0.0.1 peer 10.0.0.2 dev hand');
  host.run('ip link set hand up');
  const guest = await BareGuest.start(host, { tap: 'hand', core: cores.guest });
  guest.type(serve('10.0.0'));
  return { address: '10.0.0.2', close: () => guest.close() };
}
