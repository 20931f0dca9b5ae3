/** Disks that come and go while a VM runs, on the real kernel: who may use their images, whoever dies when. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { writeCow } from '../../disk/cow/sample-file.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  for (const vm of ['vm1', 'vm2']) world.addImage(vm);
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
});

afterEach(() => world.close());

async function monitorOf(vm: string): Promise<MonitorClient> {
  await world.startMonitor(vm);
  return world.client(vm);
}

async function startVm(): Promise<{ client: MonitorClient; shell: GuestShell }> {
  const client = await monitorOf('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  return { client, shell: await GuestShell.open(client) };
}

/** An image with an empty file system of 64 MiB. */
function addData(path: string, owner = vmUid): string {
  mkdirSync(dirname(path), { recursive: true });
  spawnSync('truncate', ['-s', '64M', path]);
  spawnSync('/usr/sbin/mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '4096', path]);
  chownSync(path, owner, owner);
  return path;
}

const ownDisk = (name: string) => join(world.varDir, 'vm1/jail/disks', name);
const sharedDisk = (name: string) => join(world.varDir, 'shared/disks', name);
const watch = (...words: string[]) => world.run('umlwatch', ['vm1', ...words]);
const isFree = (path: string) => spawnSync('flock', ['-n', '-x', path, 'true']).status === 0;

/** What stands in the way of a start, by umlmon -check. */
function refusals(vm: string): string[] {
  const { problems } = JSON.parse(world.run('umlmon', ['-check', vm, '-json']).stdout);
  return problems
    .filter(({ severity }: { severity: string }) => severity === 'error')
    .map(({ cause }: { cause: string }) => cause);
}

test('a disk is plugged, used, and unplugged when the guest has unmounted it; what it wrote is there', async () => {
  const { client, shell } = await startVm();
  const image = addData(ownDisk('data.dsk'));
  expect(watch('-plug', 'ubd1', '/disks/data.dsk serial=Data-1')).toMatchObject({
    status: 0,
    stdout: 'vm1: ubd1 is /disks/data.dsk\n',
  });
  const mounted = await shell.run(
    'echo $(cat /sys/block/ubdb/serial); mkdir -p /mnt; mount /dev/ubdb /mnt && echo here > /mnt/x',
  );
  expect(mounted).toEqual({ output: 'Data-1', status: 0 });
  const { disks } = await client.call('info', undefined);
  expect(disks).toMatchObject([
    { unit: 0, path: '/disks/root.dsk', plugged: false },
    { unit: 1, path: '/disks/data.dsk', flags: 'serial=Data-1', size: 64 * 1024 ** 2, plugged: true },
  ]);
  expect(disks[1]?.allocated).toBe(statSync(image).blocks * 512);
  expect(isFree(image)).toBe(false);
  // Mounted: the kernel does not let it go, and all stays as it is.
  expect(watch('-unplug', 'ubd1')).toMatchObject({
    status: 5,
    stderr: expect.stringContaining(
      'mconsole remove ubd1: EBUSY: Device is currently open (hint: the device is open in the guest: close or',
    ),
  });
  expect((await shell.run('cat /mnt/x; umount /mnt')).output).toBe('here');
  expect(watch('-unplug', 'ubd1')).toMatchObject({ status: 0 });
  expect((await client.call('info', undefined)).disks).toHaveLength(1);
  expect(isFree(image)).toBe(true);
  expect(spawnSync('/usr/sbin/debugfs', ['-R', 'cat x', image]).stdout.toString()).toBe('here\n');
  expect((await shell.run('ls /sys/block | grep -c ubdb')).output).toBe('0');
  // The number is free again, for another image.
  addData(ownDisk('other.dsk'));
  expect(watch('-plug', 'ubd1', '/disks/other.dsk ro')).toMatchObject({ status: 0 });
  expect((await shell.run('cat /sys/block/ubdb/ro')).output).toBe('1');
  await client.call('stop', { timeoutMs: 0 });
  expect([isFree(ownDisk('other.dsk')), existsSync(join(world.varDir, '.images/vm1'))]).toEqual([
    true,
    false,
  ]);
  await client.call('start', undefined);
  expect((await client.call('info', undefined)).disks).toHaveLength(1);
}, 90_000);

test('a second VM is refused while the first one’s monitor is dead and after the adoption, and allowed after unplug', async () => {
  const base = addData(sharedDisk('base.dsk'));
  chmodSync(base, 0o666);
  utimesSync(base, 1_000_000_000, 1_000_000_000);
  world.configure({
    vm1: 'ubd0 = /disks/root.dsk',
    vm2: `ubd0 = /disks/root.dsk\nubd1 = /shared/disks/base.dsk\nvmuser = ${vmUid}`,
  });
  await startVm();
  expect(watch('-plug', 'ubd3', '/shared/disks/base.dsk ro')).toMatchObject({ status: 0 });
  const two = await monitorOf('vm2');
  const refused = {
    code: 'IMAGE_IN_USE',
    reason: '/shared/disks/base.dsk is open read-only by vm1',
  };
  const startTwo = () => two.call('start', undefined);
  await expect(startTwo()).rejects.toMatchObject(refused);
  await world.killMonitor('vm1');
  // The lock itself is gone with the monitor; what the kernel has inherited still tells.
  expect(isFree(base)).toBe(true);
  await expect(startTwo()).rejects.toMatchObject(refused);
  expect(refusals('vm2')).toEqual([refused.reason]);
  const next = await monitorOf('vm1');
  expect(isFree(base)).toBe(false);
  await expect(startTwo()).rejects.toMatchObject(refused);
  expect((await next.call('info', undefined)).disks.map(({ unit, plugged }) => [unit, plugged])).toEqual([
    [0, false],
    [3, true],
  ]);
  const again = await GuestShell.again(next);
  expect((await again.run('dd if=/dev/ubdd of=/dev/null bs=64k count=1 2>/dev/null; echo $?')).output).toBe(
    '0',
  );
  await next.call('unplug', 3);
  expect(isFree(base)).toBe(true);
  await startTwo();
}, 90_000);

test('a race with a VM that starts while the monitor is dead: the adoption gets the lock all the same', async () => {
  const base = addData(sharedDisk('data.dsk'));
  chmodSync(base, 0o666);
  await startVm();
  expect(watch('-plug', 'ubd1', '/shared/disks/data.dsk ro')).toMatchObject({ status: 0 });
  await world.killMonitor('vm1');
  // Somebody who has just locked it, and is about to look who lists it.
  const other = spawn('flock', ['-x', base, 'sleep', '0.7'], { stdio: 'ignore' });
  await expect.poll(() => isFree(base)).toBe(false);
  const next = await monitorOf('vm1');
  if (other.exitCode === null) await once(other, 'exit');
  const { disks, warningCount: warnings } = await next.call('info', undefined);
  expect([disks.length, warnings, isFree(base)]).toEqual([2, 0, false]);
}, 60_000);

test('a COW image with its backing file; and a configured disk that is unplugged, enlarged and plugged', async () => {
  const base = addData(sharedDisk('base.dsk'), 0);
  utimesSync(base, 1_000_000_000, 1_000_000_000);
  writeCow(ownDisk('layer.cow'), '/shared/disks/base.dsk', base);
  chownSync(ownDisk('layer.cow'), vmUid, vmUid);
  const image = addData(ownDisk('data.dsk'));
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nubd1 = /disks/data.dsk' });
  const { client, shell } = await startVm();
  expect(watch('-plug', 'ubd2', '/disks/layer.cow')).toMatchObject({ status: 0 });
  expect(await shell.run('mount /dev/ubdc /mnt && echo up > /mnt/y && umount /mnt')).toMatchObject({
    status: 0,
  });
  expect([isFree(ownDisk('layer.cow')), isFree(base)]).toEqual([false, false]);
  await client.call('unplug', 2);
  expect([isFree(ownDisk('layer.cow')), isFree(base)]).toEqual([true, true]);

  expect((await shell.run('cat /sys/block/ubdb/size')).output).toBe('131072');
  await client.call('unplug', 1);
  // The kernel has inherited this lock, and yet it is gone.
  expect(isFree(image)).toBe(true);
  spawnSync('truncate', ['-s', '96M', image]);
  await world.killMonitor('vm1');
  const next = await monitorOf('vm1');
  expect((await next.call('info', undefined)).disks.map(({ unit }) => unit)).toEqual([0]);
  await next.call('plug', { unit: 1, disk: '/disks/data.dsk' });
  const again = await GuestShell.again(next);
  expect((await again.run('cat /sys/block/ubdb/size')).output).toBe('196608');
}, 90_000);

test('a disk that cannot be plugged is refused before any request to the kernel, and no lock or record remains', async () => {
  const { client } = await startVm();
  const data = addData(sharedDisk('data.dsk'));
  addData(ownDisk('mine.dsk'), 0);
  chmodSync(ownDisk('mine.dsk'), 0o600);
  const small = sharedDisk('small.dsk');
  spawnSync('truncate', ['-s', '64M', small]);
  spawnSync('/usr/sbin/mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '1024', small]);
  writeCow(ownDisk('bad.cow'), '/shared/disks/small.dsk', small);
  chownSync(ownDisk('bad.cow'), vmUid, vmUid);
  const plug = (unit: number, disk: string) => client.call('plug', { unit, disk });
  await expect(plug(1, '/etc/passwd')).rejects.toMatchObject({ code: 'CONFIG_PATH' });
  await expect(plug(16, '/disks/x.dsk')).rejects.toMatchObject({ code: 'CONFIG_UNKNOWN_KEY' });
  await expect(plug(1, '/disks/none.dsk')).rejects.toMatchObject({ code: 'IMAGE_MISSING' });
  await expect(plug(1, '/disks/mine.dsk')).rejects.toMatchObject({ code: 'IMAGE_ACCESS' });
  await expect(plug(1, '/disks/bad.cow')).rejects.toMatchObject({ code: 'COW_HAZARD' });
  await expect(plug(0, '/shared/disks/data.dsk ro')).rejects.toMatchObject({ code: 'DISK_UNIT' });
  // The VM's own disk under another number.
  await expect(plug(1, '/disks/root.dsk')).rejects.toMatchObject({
    code: 'IMAGE_IN_USE',
    reason: 'vm1:/disks/root.dsk is open read-write by vm1',
  });
  // The jail shows the shared tree read-only; the kernel would fall back to that in silence.
  await expect(plug(1, '/shared/disks/data.dsk')).rejects.toMatchObject({
    code: 'IMAGE_ACCESS',
    reason: 'the jail was started with /shared read-only: /shared/disks/data.dsk cannot be written',
  });
  await expect(client.call('unplug', 7)).rejects.toMatchObject({ code: 'DISK_UNIT' });
  // A lock of another program that umlmon's own does not exclude: here the kernel says no, by the name of the error.
  const holder = spawn(
    'python3',
    [
      '-c',
      'import fcntl,sys,time\nf=open(sys.argv[1],"r+")\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint("locked",flush=True)\ntime.sleep(60)',
      data,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  await once(holder.stdout, 'data');
  await expect(plug(1, '/shared/disks/data.dsk ro')).rejects.toMatchObject({ code: 'MCONSOLE_REFUSED' });
  expect(isFree(data)).toBe(true);
  expect(readFileSync(join(world.varDir, '.images/vm1'), 'utf8')).not.toContain(`:${statSync(data).ino}"`);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await plug(1, '/shared/disks/data.dsk ro');
  await client.call('kill', undefined);
  await expect(plug(1, '/shared/disks/data.dsk ro')).rejects.toMatchObject({ code: 'STATE_WRONG' });
}, 60_000);

test('a kill of the VM in the middle of plugs and unplugs: all of them end, and no lock or record remains', async () => {
  const image = addData(ownDisk('data.dsk'));
  const { client } = await startVm();
  for (let round = 0; round < 6; round++) {
    if (round > 0) await client.call('start', undefined);
    const changes = [
      ...[1, 2, 3].map((unit) => client.call('plug', { unit, disk: '/disks/data.dsk ro' })),
      client.call('unplug', 1),
      client.call('kill', undefined),
    ];
    const ends = await Promise.allSettled(changes);
    expect(ends.at(-1)?.status).toBe('fulfilled');
    const { disks, state } = await client.call('info', undefined);
    const left = ['.images/vm1', 'vm1/run.json'].filter((name) => existsSync(join(world.varDir, name)));
    expect([state, disks, left, isFree(image)]).toEqual(['stopped', [], [], true]);
  }
}, 60_000);

test('monitors killed at any moment of a plug or unplug: image free if and only if the kernel has not got it', async () => {
  const image = addData(ownDisk('data.dsk'));
  let { client } = await startVm();
  let plugged = 0;
  for (let round = 0; round < 14; round++) {
    const before = (await client.call('info', undefined)).disks.length;
    const change =
      before === 1 ? client.call('plug', { unit: 1, disk: '/disks/data.dsk' }) : client.call('unplug', 1);
    const ending = change.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
    await world.killMonitor('vm1');
    await ending;
    client = await monitorOf('vm1');
    const { disks, kernelPid } = await client.call('info', undefined);
    const fds = spawnSync('ls', ['-l', `/proc/${kernelPid}/fd`]).stdout.toString();
    // By its jail's name: those that it has inherited have the host's.
    const hasIt = fds.includes(' /disks/data.dsk') || fds.includes('jail/disks/data.dsk');
    expect([round, disks.length === 2, isFree(image)]).toEqual([round, hasIt, !hasIt]);
    plugged += hasIt ? 1 : 0;
  }
  console.log(`after a kill in the middle: plugged ${plugged} times of 14`);
}, 120_000);
