/** Descriptors that whoever starts a monitor passes on to its kernel, as sd_listen_fds(3) has it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pidfdGetfd, pidfdOpen } from '../../../src/system/native/native.ts';
import { GuestShell } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;
let ends: number[];
beforeEach(async () => {
  world = new World();
  ends = await socketPair('SOCK_SEQPACKET');
});
afterEach(async () => {
  for (const end of ends) closeSync(end);
  await world.close();
});

/** Perl has such sockets, which Node has not; what it makes lasts until we have it. */
async function socketPair(type: string): Promise<number[]> {
  const source = `use Socket; $| = 1; $^F = 99; socketpair(my $a, my $b, AF_UNIX, ${type}, 0) or die; print 'x'; <STDIN>`;
  const maker = spawn('perl', ['-e', source], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(maker.stdout, 'data');
  const pidfd = pidfdOpen(maker.pid ?? 0);
  const pair = [3, 4].map((fd) => pidfdGetfd(pidfd, fd));
  closeSync(pidfd);
  maker.kill('SIGKILL');
  return pair;
}

const configuration = (name: string) => `ubd0 = /disks/root.dsk\nmem = 64M\neth0 = fd(fd=${name})`;

test('two VMs at the ends of a socketpair', async () => {
  world.configure({ vm1: configuration('lab'), vm2: configuration('lab') });
  const guests: GuestShell[] = [];
  for (const [i, vm] of ['vm1', 'vm2'].entries()) {
    world.addImage(vm);
    await world.startMonitor(vm, { lab: ends[i] ?? -1 });
    const client = await world.client(vm);
    await client.call('start', undefined);
    const guest = await GuestShell.open(client);
    guests.push(guest);
    expect(await guest.run(`ip link set vec0 up && ip addr add 10.7.0.${i + 1}/24 dev vec0`)).toMatchObject({
      status: 0,
    });
  }
  expect(await guests[0]?.run('ping -c 1 -W 5 10.7.0.2')).toMatchObject({ status: 0 });
  expect(await guests[1]?.run('ping -c 1 -W 5 -s 1400 10.7.0.1')).toMatchObject({ status: 0 });
});

test('one that was not passed, or carries no packets, is refused with the reason', async () => {
  for (const end of ends.splice(0)) closeSync(end);
  ends = await socketPair('SOCK_STREAM');
  world.configure({ vm1: configuration('lab'), vm2: configuration('other') });
  for (const vm of ['vm1', 'vm2']) {
    world.addImage(vm);
    await world.startMonitor(vm, { lab: ends[0] ?? -1 });
  }
  const refused = async (vm: string, words: RegExp) => {
    const client = await world.client(vm);
    await expect(client.call('start', undefined)).rejects.toMatchObject({
      code: 'NETWORK_MISSING',
      reason: expect.stringMatching(words),
    });
    client.close();
  };
  await refused('vm1', /neither a tap nor a socket of packets/);
  await refused('vm2', /this monitor was started without it/);
});
