/** Panics and hangs that somebody else reports in the name of the kernel of a VM. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { VmInfo } from '../../../src/rpc/umlmonctrl.gen.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

const world = new World();
let info: VmInfo;

beforeAll(async () => {
  world.addImage('vm1');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\non_hang = restart\non_crash = restart' });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  info = await client.call('info', undefined);
});
afterAll(() => world.close());

const notification = (type: number, text: string) => {
  const head = [0xcafebabe, 2, type, text.length + 1];
  const bytes = Buffer.alloc(16 + text.length + 1);
  for (const [index, word] of head.entries()) bytes.writeUInt32LE(word, 4 * index);
  bytes.write(text, 16);
  return bytes.toString('hex');
};

/** Sends panics, hangs (that of the watchdog, too), messages and a socket, several of each, as a user of the host. */
function forge(uid: number, gid: number): void {
  const datagrams = [
    notification(0, '/run/uml/other/mconsole'),
    notification(1, 'forged'),
    notification(2, 'forged'),
    notification(3, 'ready forged'),
    'bebafeca00000000020000000200000000000000ff7f0000',
  ];
  const script = `
import os, socket, sys
os.setgroups([]); os.setgid(${gid}); os.setuid(${uid})
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for i in range(20):
  for text in sys.argv[2:]: s.sendto(bytes.fromhex(text), sys.argv[1])`;
  const socket = join(world.varDir, 'vm1/run/mon/notify');
  const { status, stderr } = spawnSync('python3', ['-c', script, socket, ...datagrams], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

async function kindsSince(client: MonitorClient, since: number): Promise<string[]> {
  const { events } = await client.call('events', { since, max: 64, waitMs: 0 });
  return events.map(({ kind }) => kind).filter((kind) => !/^(?:console-|login)/.test(kind));
}

const forgers = [
  ['another user of its group', 61_234, vmUid],
  ['another process of its user, outside of the jail', vmUid, vmUid],
] as const;

test.each(['started', 'taken over by another monitor'])(
  'no forged notification is accepted: %s',
  async (how) => {
    if (how !== 'started') {
      await world.killMonitor('vm1');
      await world.startMonitor('vm1');
    }
    const client = await world.client('vm1');
    const { eventsNext } = await client.call('info', undefined);
    for (const [, uid, gid] of forgers) forge(uid, gid);
    await expect.poll(() => kindsSince(client, eventsNext)).toEqual(['warning']);
    const now = await client.call('info', undefined);
    expect(now).toMatchObject({
      state: 'running',
      kernelPid: info.kernelPid,
      hungSince: 0,
      lastWarning: expect.stringContaining('of user 61234 sent a message that only the kernel may send'),
    });
    // The kernel is heard as before.
    const shell = await (how === 'started' ? GuestShell.open(client) : GuestShell.again(client));
    await shell.run('echo true > /proc/mconsole');
    await waitForEvent(client, 'guest-message', eventsNext);
    expect(await kindsSince(client, eventsNext)).toEqual(['warning', 'guest-message']);
    expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(
      /warnings +1, the last: .*only the kernel may send/,
    );
  },
);
