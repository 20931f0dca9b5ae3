/** A VM with backups, for tests of restores and of the retention of backups. */
import { execFileSync } from 'node:child_process';
import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

export let world: World;
export const mounts: string[] = [];

beforeEach(() => {
  world = new World();
});

afterEach(async () => {
  await world.stopMonitors();
  for (const path of mounts.splice(0)) execFileSync('umount', ['-l', path]);
  await world.close();
});

export async function monitorOf(vm = 'vm1'): Promise<MonitorClient> {
  await world.startMonitor(vm);
  return world.client(vm);
}

export async function start(client: MonitorClient): Promise<GuestShell> {
  const { eventsNext } = await client.call('info', undefined);
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message', eventsNext);
  return GuestShell.open(client);
}

export const stop = (client: MonitorClient) => client.call('stop', { timeoutMs: 0 });
export const disks = () => join(world.varDir, 'vm1/jail/disks');
export const store = () => join(world.varDir, 'vm1/backups');

/** Two small disks, both filled with one letter. */
export function fill(letter: string): void {
  for (const name of ['a.dsk', 'b.dsk']) {
    const path = join(disks(), name);
    writeFileSync(path, letter.repeat(4 * 2 ** 20));
    chownSync(path, vmUid, vmUid);
  }
}
/** The letter of both disks; fails unless each is whole. */
export function letters(): string {
  return ['a.dsk', 'b.dsk']
    .map((name) => {
      const text = readFileSync(join(disks(), name), 'latin1');
      expect(text.length).toBe(4 * 2 ** 20);
      expect(new Set(text).size).toBe(1);
      return text[0];
    })
    .join('');
}
const twoMore = 'ubd0 = /disks/root.dsk\ncon1 = pty log\nubd1 = /disks/a.dsk\nubd2 = /disks/b.dsk';

/** The client of a VM that is stopped, with a backup `x` of two disks full of the letter x. */
export async function backUpTwo(): Promise<MonitorClient> {
  world.addImage('vm1');
  fill('x');
  world.configure({ vm1: twoMore });
  const client = await monitorOf();
  await start(client);
  await client.call('backup', { name: 'x' });
  await stop(client);
  return client;
}
