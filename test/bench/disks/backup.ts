import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid, type World } from '../../helpers/programs/world.ts';
import type { Figure } from '../figure.ts';

const rounds = 5;
/** What a guest should not notice. */
const budgetMs = 50;

interface Place {
  readonly name: string;
  /** Makes the file system in a file, and mounts it. */
  readonly mount: (file: string, directory: string) => void;
  /** Sizes of the disk that is busy while it is backed up, in MiB. */
  readonly sizes: readonly number[];
  readonly budget: number;
}

const loop = (mkfs: readonly string[]) => (file: string, directory: string) => {
  execFileSync('truncate', ['-s', '24G', file]);
  const [program = '', ...args] = mkfs;
  execFileSync(program, [...args, file], { env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' }, stdio: 'ignore' });
  execFileSync('mount', ['-o', 'loop', file, directory]);
};

const places: readonly Place[] = [
  { name: 'xfs', mount: loop(['mkfs.xfs', '-q', '-m', 'reflink=1']), sizes: [1024, 4096], budget: budgetMs },
  // For information: btrfs takes longer the more the guest has scattered its blocks; the others cannot share blocks, so the
  // guest waits for the copy.
  { name: 'btrfs', mount: loop(['mkfs.btrfs', '-q']), sizes: [1024], budget: Number.POSITIVE_INFINITY },
  { name: 'ext4', mount: loop(['mkfs.ext4', '-q']), sizes: [256], budget: Number.POSITIVE_INFINITY },
  {
    name: 'tmpfs',
    mount: (_file, directory) =>
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2g,mode=755', 'tmpfs', directory]),
    sizes: [256],
    budget: Number.POSITIVE_INFINITY,
  },
];

/** How long backups pause a guest that writes, by file system of the host and size of the disk. */
export async function measureBackup(world: World): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const place of places)
    for (const size of place.sizes) {
      const pauses = await measureAt(world, place, size);
      figures.push({
        name: `longest of ${rounds} pauses for backups of ${size} MiB on ${place.name}`,
        baseline: '',
        subject: `${pauses.map((ms) => ms.toFixed(1)).join(' ')} ms`,
        value: Math.max(...pauses),
        unit: 'ms',
        budget: { atMost: place.budget },
      });
    }
  return figures;
}

async function measureAt(world: World, { name, mount }: Place, size: number): Promise<number[]> {
  const vm = `${name}${size}`;
  const home = join(world.varDir, vm);
  mkdirSync(home, { recursive: true });
  const file = join(world.home, `${vm}.img`);
  mount(file, home);
  try {
    world.addImage(vm);
    makeDisk(join(home, 'jail/disks/data.dsk'), size);
    world.configure({ [vm]: 'ubd0 = /disks/root.dsk\nubd1 = /disks/data.dsk\ncon1 = pty\nbackups = 1' });
    await world.startMonitor(vm);
    const client = await world.client(vm);
    try {
      return await measureBusy(client, join(home, 'backups'));
    } finally {
      client.close();
      await world.stopMonitors();
    }
  } finally {
    execFileSync('umount', ['-l', home]);
    execFileSync('rm', ['-f', file]);
  }
}

/** A disk whose blocks all exist, with a file system. */
function makeDisk(path: string, size: number): void {
  execFileSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M', `count=${size}`], { stdio: 'ignore' });
  execFileSync('mkfs.ext4', ['-q', '-b', '4096', '-E', 'nodiscard', path], {
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
  });
  chownSync(path, vmUid, vmUid);
}

async function measureBusy(client: MonitorClient, store: string): Promise<number[]> {
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  const shell = await GuestShell.open(client);
  await shell.run('mount -t ext4 /dev/ubdb /mnt');
  await shell.run(
    '{ while :; do dd if=/dev/urandom of=/mnt/busy bs=64k count=200 conv=notrunc; sync; done; } >/dev/null 2>&1 & true',
  );
  const pauses: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const name = `round${round}`;
    await client.call('backup', { name });
    pauses.push(JSON.parse(readFileSync(join(store, name, 'manifest.json'), 'utf8')).pauseMs);
  }
  return pauses;
}
