import { GuestShell } from '../helpers/guest/guest.ts';
import { NetNamespace } from '../helpers/host/net-namespace.ts';
import { vmUid, World } from '../helpers/programs/world.ts';
import { type Figure, inTurns, MiB, throughput } from './figure.ts';
import { BareGuest } from './guests/bare-guest.ts';

/** Guests count hundredths of a second. */
const rounds = 9;
const megabytes = 512;
/** Each of two guests has a core of the host for itself. */
const cores = ['0', '1'] as const;

/** A guest that runs a line and tells what it says. */
interface Peer {
  readonly address: string;
  ask(line: string, pattern: RegExp): Promise<RegExpExecArray>;
}

/** Throughput between two VMs over a named network, against two kernels and a bridge of taps that were made by hand. */
export async function measureBetween(): Promise<Figure[]> {
  const host = new NetNamespace();
  const closing: (() => void | Promise<void>)[] = [() => host.close()];
  try {
    const bare = await barePeers(host, closing);
    const watched = await watchedPeers(host, closing);
    for (const [one, other] of [bare, watched]) {
      await serve(one, other);
      await serve(other, one);
    }
    const figures: Figure[] = [];
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const times = await inTurns(
        rounds,
        () => transfer(bare[from], bare[to]),
        () => transfer(watched[from], watched[to]),
      );
      figures.push(
        throughput(`network, VM ${from} to VM ${to} by name, against a bridge by hand`, megabytes, times),
      );
    }
    return figures;
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

type Closing = (() => void | Promise<void>)[];

/** Whoever connects is sent the data; resolves when the other one can. */
async function serve(peer: Peer, other: Peer): Promise<void> {
  const source = `-e dd if=/dev/zero bs=64k count=${megabytes * 16}`;
  await peer.ask(`nc -ll -p 7001 ${source} 2>/dev/null & echo ser"ving"`, /serving/);
  await other.ask(`until nc ${peer.address} 7001 -e true; do usleep 10000; done; echo rea"ched"`, /reached/);
}

/** Seconds of one transfer, as the receiver counts them. */
async function transfer(from: Peer, to: Peer): Promise<number> {
  const received = '$(cat /sys/class/net/vec0/statistics/rx_bytes)';
  const [, minutes, seconds, bytes] = await to.ask(
    `a=${received}; time nc ${from.address} 7001 -e dd of=/dev/null bs=64k; echo got:$((${received}-a))`,
    /real\s+(\d+)m ([\d.]+)s.*got:(\d+)/s,
  );
  // One that ended early would be fast.
  if (Number(bytes) < megabytes * MiB) throw new Error(`${bytes} bytes are not all`);
  return Number(minutes) * 60 + Number(seconds);
}

const setUp = (address: string) => `ip link set vec0 up; ip addr add ${address}/24 dev vec0; echo is-"up"`;

async function barePeers(host: NetNamespace, closing: Closing): Promise<[Peer, Peer]> {
  host.run('ip link add hand type bridge stp_state 0 mcast_snooping 0');
  host.run('ip link set hand up');
  const start = async (n: 0 | 1): Promise<Peer> => {
    const tap = `hand${n}`;
    host.run(`ip tuntap add dev ${tap} mode tap user ${vmUid} vnet_hdr`);
    host.run(`ip link set ${tap} master hand`);
    host.run(`ip link set ${tap} up`);
    const guest = await BareGuest.start(host, { tap, core: cores[n] });
    closing.push(() => guest.close());
    const address = `10.0.0.${n + 1}`;
    await guest.ask(setUp(address), /is-up/);
    return { address, ask: (line, pattern) => guest.ask(line, pattern) };
  };
  return [await start(0), await start(1)];
}

async function watchedPeers(host: NetNamespace, closing: Closing): Promise<[Peer, Peer]> {
  const world = new World(host.name);
  closing.push(() => world.close());
  const vm = (n: 0 | 1) => `ubd0 = /disks/root.dsk\ncpu = ${cores[n]}\neth0 = network(name=lab)`;
  world.configure({ vm0: vm(0), vm1: vm(1) });
  const start = async (n: 0 | 1): Promise<Peer> => {
    const name = `vm${n}`;
    world.addImage(name);
    await world.startMonitor(name);
    const client = await world.client(name);
    closing.push(() => client.close());
    await client.call('start', undefined);
    const shell = await GuestShell.open(client);
    const ask = async (line: string, pattern: RegExp) => {
      await shell.type(`${line}\r`);
      const match = pattern.exec(await shell.until(pattern));
      if (!match) throw new Error(`no ${pattern}`);
      return match;
    };
    const address = `10.0.1.${n + 1}`;
    await ask(setUp(address), /is-up/);
    return { address, ask };
  };
  return [await start(0), await start(1)];
}
