/** What a guest frees is given back to the host, and what it has written is synced: on the real kernel. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

let world: World;
let client: MonitorClient;

const MiB = 1024 ** 2;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});

afterEach(async () => {
  client.close();
  await world.close();
});

function addData(name: string): string {
  const path = join(world.varDir, 'vm1/jail/disks', name);
  execFileSync('truncate', ['-s', '128M', path]);
  execFileSync('/usr/sbin/mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '4096', path]);
  chownSync(path, vmUid, vmUid);
  return path;
}

async function start(): Promise<GuestShell> {
  await world.startMonitor('vm1');
  client = await world.client('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  return GuestShell.open(client);
}

const allocated = async (unit: number) =>
  (await client.call('info', undefined)).disks.find((disk) => disk.unit === unit)?.allocated ?? Number.NaN;

test('fstrim gives the blocks of deleted files back to the host; notrim keeps them', async () => {
  const [trimmed, kept] = [addData('a.dsk'), addData('b.dsk')];
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nubd1 = /disks/a.dsk\nubd2 = /disks/b.dsk notrim' });
  const shell = await start();
  const empty = statSync(trimmed).blocks * 512;
  const write = (device: string) =>
    `mount /dev/${device} /mnt && dd if=/dev/urandom of=/mnt/x bs=1M count=64 2>/dev/null && sync`;
  const remove = 'rm /mnt/x && sync; fstrim /mnt; echo trimmed $?; umount /mnt';
  expect(await shell.run(`mkdir -p /mnt; ${write('ubdb')}`)).toMatchObject({ status: 0 });
  expect(await allocated(1)).toBeGreaterThan(empty + 60 * MiB);
  expect((await shell.run(remove)).output).toContain('trimmed 0');
  expect(await allocated(1)).toBeLessThan(empty + 2 * MiB);
  expect(await allocated(1)).toBe(statSync(trimmed).blocks * 512);

  expect(await shell.run(write('ubdc'))).toMatchObject({ status: 0 });
  expect((await shell.run(remove)).output).toContain('trimmed 1');
  expect(await allocated(2)).toBeGreaterThan(empty + 60 * MiB);
  await client.call('stop', { timeoutMs: 0 });
  // Holes in the right places.
  for (const image of [trimmed, kept]) execFileSync('/usr/sbin/e2fsck', ['-fn', image]);
}, 60_000);

/** A file system of its own for the images of vm1, on a loop device that can be looked at as after a crash. */
class CrashableDisks {
  readonly #file = join(world.home, 'host.img');
  readonly #disks = join(world.varDir, 'vm1/jail/disks');
  readonly #after = join(world.home, 'after');

  constructor() {
    execFileSync('truncate', ['-s', '256M', this.#file]);
    execFileSync('/usr/sbin/mke2fs', ['-q', '-F', '-t', 'ext4', this.#file]);
    mkdirSync(this.#disks, { recursive: true });
    // The host would write by itself, some day.
    execFileSync('mount', ['-o', 'loop,commit=300', this.#file, this.#disks]);
  }

  /** First bytes of an image, were the power of the host cut now. */
  begin(name: string, length: number): string {
    mkdirSync(this.#after, { recursive: true });
    const copy = `${this.#file}.copy`;
    execFileSync('cp', ['--sparse=always', this.#file, copy]);
    execFileSync('mount', ['-o', 'loop', copy, this.#after]);
    try {
      return readFileSync(join(this.#after, name)).toString('latin1', 0, length);
    } finally {
      execFileSync('umount', [this.#after]);
    }
  }

  close(): void {
    execFileSync('umount', [this.#disks]);
  }
}

test('what a guest has synced survives a crash of the host after sync_interval; with off it need not', async () => {
  rmSync(join(world.varDir, 'vm1/jail/disks'), { recursive: true });
  const host = new CrashableDisks();
  try {
    world.addImage('vm1');
    const data = addData('a.dsk');
    execFileSync('truncate', ['-s', '0', data]);
    execFileSync('truncate', ['-s', '8M', data]);
    execFileSync('sync', ['-f', data]);
    const disks = 'ubd0 = /disks/root.dsk\nubd1 = /disks/a.dsk';
    world.configure({ vm1: `${disks}\nsync_interval = off` });
    const write = (shell: GuestShell, text: string) =>
      shell.run(`printf ${text} | dd of=/dev/ubdb conv=fsync 2>/dev/null`);
    expect(await write(await start(), 'one')).toMatchObject({ status: 0 });
    await delay(2000);
    expect(host.begin('a.dsk', 3)).toBe('\0\0\0');
    await client.call('stop', { timeoutMs: 0 });
    expect(host.begin('a.dsk', 3)).toBe('one');

    world.configure({ vm1: `${disks}\nsync_interval = 1s` });
    await client.call('start', undefined);
    expect(await write(await GuestShell.open(client), 'two')).toMatchObject({ status: 0 });
    await expect.poll(() => host.begin('a.dsk', 3), { timeout: 20_000, interval: 500 }).toBe('two');
    expect((await client.call('info', undefined)).warningCount).toBe(0);
  } finally {
    await world.stopMonitors();
    host.close();
  }
}, 60_000);

test('writes to a block device are seen too', async () => {
  const data = addData('a.dsk');
  const loop = execFileSync('losetup', ['--find', '--show', data], { encoding: 'utf8' }).trim();
  try {
    const node = join(world.varDir, 'vm1/jail/disks/a.dev');
    const numbers = execFileSync('stat', ['-c', '%Hr %Lr', loop], { encoding: 'utf8' }).trim().split(' ');
    execFileSync('mknod', [node, 'b', ...numbers]);
    chownSync(node, vmUid, vmUid);
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\nubd1 = /disks/a.dev\nsync_interval = 1s' });
    const shell = await start();
    await shell.run('printf three | dd of=/dev/ubdb conv=fsync 2>/dev/null');
    const begin = () => readFileSync(data).toString('latin1', 0, 5);
    await expect.poll(begin, { timeout: 20_000, interval: 200 }).toBe('three');
    await client.call('stop', { timeoutMs: 0 });
  } finally {
    await world.stopMonitors();
    execFileSync('losetup', ['-d', loop]);
  }
}, 60_000);
