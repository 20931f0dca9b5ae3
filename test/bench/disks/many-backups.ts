import { join } from 'node:path';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { busyGuest, fsck, offerFreeze } from '../../helpers/programs/backups.ts';
import type { World } from '../../helpers/programs/world.ts';
import type { Figure } from '../figure.ts';

const rounds = 50;

/** Backups of a guest that writes all the time, and how many of them e2fsck has nothing to say about. */
export async function measureManyBackups(world: World): Promise<Figure[]> {
  return [
    figure('sound after the replay of their journal', await countSound(world, 'synced')),
    figure('clean as they are, with fsfreeze', await countSound(world, 'frozen')),
  ];
}

function figure(name: string, value: number): Figure {
  const subject = `${value} of ${rounds}`;
  return {
    name: `backups that are ${name}`,
    baseline: '',
    subject,
    value,
    unit: '',
    budget: { atLeast: rounds },
  };
}

async function countSound(world: World, vm: 'synced' | 'frozen'): Promise<number> {
  const freeze = vm === 'frozen' ? 'ssl0 = pty\nbackup_freeze = ssl0\n' : '';
  world.addImage(vm);
  world.configure({ [vm]: `ubd0 = /disks/root.dsk\ncon1 = pty\nbackups = 1\n${freeze}` });
  await world.startMonitor(vm);
  const client = await world.client(vm);
  try {
    await client.call('start', undefined);
    await waitForEvent(client, 'guest-message');
    if (freeze) await offerFreeze(client);
    await (await GuestShell.open(client)).type(busyGuest);
    let sound = 0;
    for (let round = 0; round < rounds; round++) {
      await client.call('backup', { name: `b${round}` });
      const image = join(world.varDir, vm, 'backups', `b${round}`, 'ubd0.dsk');
      const { status, text } = fsck(image, join(world.home, 'fsck.img'), { replay: vm === 'synced' });
      if (status === 0) sound += 1;
      else console.error(text);
    }
    return sound;
  } finally {
    client.close();
    await world.stopMonitors();
  }
}
