/** Disks of real VMs: COW images over one backing file, and who may start when. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { writeCow } from '../../disk/cow/sample-file.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';
import { rounds } from '../../helpers/rounds.ts';

let world: World;

beforeEach(() => {
  world = new World();
});

afterEach(() => world.close());

async function monitorOf(vm: string): Promise<MonitorClient> {
  await world.startMonitor(vm);
  return world.client(vm);
}

async function start(client: MonitorClient): Promise<void> {
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
}

const stop = (client: MonitorClient) => client.call('stop', { timeoutMs: 0 });

/** The shared root image as a backing file: readable, of nobody in particular. */
function backing(): string {
  const base = world.addSharedImage(0);
  chmodSync(base, 0o644);
  utimesSync(base, 1_000_000_000, 1_000_000_000);
  return base;
}

const ownCow = (vm: string) => join(world.varDir, vm, 'jail/disks/root.cow');

function addCow(vm: string, stored = '/shared/disks/root.dsk'): string {
  const path = ownCow(vm);
  writeCow(path, stored, join(world.varDir, 'shared/disks/root.dsk'));
  chownSync(path, vmUid, vmUid);
  return path;
}

function check(vm: string): { code: string; cause: string; hint: string }[] {
  const { problems } = JSON.parse(world.run('umlmon', ['-check', vm, '-json']).stdout);
  // Sharing a user is unusual, and a warning.
  return problems.filter(({ severity }: { severity: string }) => severity === 'error');
}

/** Locks that processes hold on a file, from the kernel itself. */
function locksOn(path: string): string[] {
  const { ino } = statSync(path);
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`:${ino} `))
    .map((line) => line.split(/\s+/).slice(1, 4).join(' '));
}

test('two VMs on one backing file, each with its own changes; the backing file stays as it was', async () => {
  const base = backing();
  const before = execFileSync('sha256sum', [base]).toString();
  world.configure({ vm1: 'ubd0 = /disks/root.cow', vm2: `ubd0 = /disks/root.cow\nvmuser = ${vmUid}` });
  for (const vm of ['vm1', 'vm2']) addCow(vm);
  const [one, two] = [await monitorOf('vm1'), await monitorOf('vm2')];
  await start(one);
  await start(two);
  const shells = [await GuestShell.open(one), await GuestShell.open(two)] as const;
  for (const [i, shell] of shells.entries()) await shell.run(`echo "I am ${i}" > /who; sync`);
  for (const [i, shell] of shells.entries()) expect((await shell.run('cat /who')).output).toBe(`I am ${i}`);
  expect(locksOn(base).filter((lock) => lock.startsWith('FLOCK'))).toEqual([
    'FLOCK ADVISORY READ',
    'FLOCK ADVISORY READ',
  ]);
  // Nobody may write what both read.
  world.configure({
    vm1: 'ubd0 = /disks/root.cow',
    vm2: 'ubd0 = /disks/root.cow',
    vm3: 'ubd0 = /shared/disks/root.dsk',
  });
  chownSync(base, vmUid, vmUid);
  expect(check('vm3')).toMatchObject([
    {
      code: 'IMAGE_IN_USE',
      cause: '/shared/disks/root.dsk is open read-only by vm1, vm2',
      hint: 'stop vm1 first, or use another image',
    },
  ]);
  await stop(one);
  await stop(two);
  expect(check('vm3')).toMatchObject([
    {
      code: 'IMAGE_IS_BACKING',
      cause: '/shared/disks/root.dsk is the backing file of vm1:/disks/root.cow; of vm2:/disks/root.cow',
    },
  ]);
  expect(execFileSync('sha256sum', [base]).toString()).toBe(before);
  // What was written is in the COW files, and is there at the next start.
  await start(one);
  expect((await (await GuestShell.open(one)).run('cat /who')).output).toMatch(/^I am 0$/m);
}, 90_000);

test('a COW image of uml_mkcow: refused by name with the right options in the hint, used with them, and rewritten by the kernel', async () => {
  const base = backing();
  const cow = ownCow('vm1');
  mkdirSync(join(world.varDir, 'vm1/jail/disks'), { recursive: true });
  execFileSync('uml_mkcow', [cow, base]);
  chownSync(cow, vmUid, vmUid);
  world.configure({ vm1: 'ubd0 = /disks/root.cow' });
  expect(check('vm1')).toMatchObject([
    {
      code: 'IMAGE_BACKING_PATH',
      cause: `the backing file of vm1:/disks/root.cow is ${JSON.stringify(base.length > 60 ? `${base.slice(0, 59)}…` : base)}, which is not an image in its jail`,
      hint: 'set /disks/root.cow,/shared/disks/root.dsk',
    },
  ]);
  world.configure({ vm1: 'ubd0 = /disks/root.cow,/shared/disks/root.dsk' });
  const client = await monitorOf('vm1');
  await start(client);
  await (await GuestShell.open(client)).run('echo kept > /kept; sync');
  await stop(client);
  // The kernel has put the path of the jail into the header: by name only it works too.
  world.configure({ vm1: 'ubd0 = /disks/root.cow ro\nroot_mode = ro' });
  expect(check('vm1')).toEqual([]);
  await start(client);
  expect((await (await GuestShell.open(client)).run('cat /kept')).output).toMatch(/^kept$/m);
}, 90_000);

test('a backing file that was changed, and one that the VM’s user cannot read', () => {
  const base = backing();
  addCow('vm1');
  world.configure({ vm1: 'ubd0 = /disks/root.cow' });
  expect(check('vm1')).toEqual([]);
  utimesSync(base, 1_000_000_001, 1_000_000_001);
  expect(check('vm1')).toMatchObject([
    {
      code: 'COW_BACKING',
      cause:
        '/shared/disks/root.dsk has changed since vm1:/disks/root.cow was created over it: its modification time is 2001-09-09T01:46:41Z instead of 2001-09-09T01:46:40Z',
    },
  ]);
  utimesSync(base, 1_000_000_000, 1_000_000_000);
  chmodSync(base, 0o600);
  expect(check('vm1')).toMatchObject([
    {
      code: 'IMAGE_ACCESS',
      cause: expect.stringMatching(/^user irc may not read .*shared\/disks\/root\.dsk/),
    },
  ]);
});

test('a VM that has lost its monitor keeps its images, and the next monitor holds them on', async () => {
  const base = backing();
  addCow('vm1');
  const text = 'ubd0 = /disks/root.cow';
  world.configure({ vm1: text, vm2: 'ubd0 = /shared/disks/root.dsk' });
  chownSync(base, vmUid, vmUid);
  const client = await monitorOf('vm1');
  await start(client);
  const { kernelPid } = await client.call('info', undefined);
  await world.killMonitor('vm1');
  const inUse = { code: 'IMAGE_IN_USE', cause: '/shared/disks/root.dsk is open read-only by vm1' };
  expect(check('vm2')).toMatchObject([inUse]);
  expect(spawnSync('flock', ['-n', '-x', ownCow('vm1'), 'true']).status).toBe(1);
  const next = await monitorOf('vm1');
  expect(check('vm2')).toMatchObject([inUse]);
  await stop(next);
  expect(existsSync(join(world.varDir, '.images/vm1'))).toBe(false);
  expect(spawnSync('flock', ['-n', '-x', ownCow('vm1'), 'true']).status).toBe(0);

  // With neither monitor nor kernel nothing is held, whatever files are left.
  await start(next);
  const again = await next.call('info', undefined);
  await world.killMonitor('vm1');
  process.kill(again.kernelPid, 'SIGKILL');
  await expect.poll(() => existsSync(`/proc/${again.kernelPid}`)).toBe(false);
  expect(existsSync(join(world.varDir, '.images/vm1'))).toBe(true);
  expect(check('vm2')).toMatchObject([{ code: 'IMAGE_IS_BACKING' }]);
  expect(kernelPid).not.toBe(again.kernelPid);
  rmSync(ownCow('vm1'));
  expect(check('vm2')).toEqual([]);
}, 90_000);

test('the options after a path reach the kernel', async () => {
  world.addImage('vm1');
  world.addImage('vm1', 'b.dsk');
  world.configure({
    vm1: 'ubd0 = /disks/root.dsk sync nolock notrim serial=Disk-0.a\nubd1 = /disks/b.dsk ro',
  });
  const client = await monitorOf('vm1');
  await start(client);
  const shell = await GuestShell.open(client);
  const { output } = await shell.run(
    'echo $(cat /sys/block/ubda/serial); cat /sys/block/ubd?/ro /proc/cmdline',
  );
  const [serial, first, second, commandLine] = output.split('\n');
  expect([serial, first, second]).toEqual(['Disk-0.a', '0', '1']);
  expect(commandLine).toContain('ubd0sctd=/disks/root.dsk,,Disk-0.a ubd1rd=/disks/b.dsk ');
  // nolock: the kernel's own lock is not there, ours is.
  expect(locksOn(join(world.varDir, 'vm1/jail/disks/root.dsk'))).toEqual(['FLOCK ADVISORY WRITE']);
  expect(locksOn(join(world.varDir, 'vm1/jail/disks/b.dsk')).sort()).toEqual([
    'FLOCK ADVISORY READ',
    'POSIX ADVISORY READ',
  ]);
});

test('a backing file on a block device', async () => {
  const base = backing();
  const loop = execFileSync('losetup', ['--read-only', '--find', '--show', base], {
    encoding: 'utf8',
  }).trim();
  try {
    const node = join(world.varDir, 'shared/disks/base.dev');
    const numbers = execFileSync('stat', ['-c', '%Hr %Lr', loop], { encoding: 'utf8' }).trim().split(' ');
    execFileSync('mknod', [node, 'b', ...numbers]);
    chmodSync(node, 0o644);
    utimesSync(node, 1_000_000_000, 1_000_000_000);
    addCow('vm1', '/shared/disks/base.dev');
    world.configure({ vm1: 'ubd0 = /disks/root.cow' });
    expect(check('vm1')).toEqual([]);
    const client = await monitorOf('vm1');
    await start(client);
    expect((await (await GuestShell.open(client)).run('echo ok > /x; cat /x')).output).toBe('ok');
    await stop(client);
  } finally {
    execFileSync('losetup', ['-d', loop]);
  }
});

test('two VMs start on one image at the same moment, many times: always one of them runs, never both', async () => {
  world.addSharedImage();
  world.configure({ vm1: 'ubd0 = /shared/disks/root.dsk', vm2: 'ubd0 = /shared/disks/root.dsk' });
  const both = [await monitorOf('vm1'), await monitorOf('vm2')];
  for (let round = 0; round < rounds(10, 20); round++) {
    const ends = await Promise.allSettled(both.map((client) => client.call('start', undefined)));
    const losers = ends.filter((end) => end.status === 'rejected');
    expect(losers).toHaveLength(1);
    expect(losers[0]?.reason).toMatchObject({
      code: 'IMAGE_IN_USE',
      reason: expect.stringMatching(/^\/shared\/disks\/root\.dsk is open read-write by vm[12]$/),
    });
    const winner = both[ends.findIndex((end) => end.status === 'fulfilled')];
    await winner?.call('kill', undefined);
  }
}, 120_000);

test('the same with a monitor killed in the middle: one VM at most, and the image is free afterwards', async () => {
  const image = world.addSharedImage();
  world.configure({ vm1: 'ubd0 = /shared/disks/root.dsk', vm2: 'ubd0 = /shared/disks/root.dsk' });
  const two = await monitorOf('vm2');
  let one = await monitorOf('vm1');
  const seen = { vm1: 0, vm2: 0 };
  for (let round = 0; round < rounds(8, 12); round++) {
    const begin = (client: MonitorClient) => client.call('start', undefined).catch(() => undefined);
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.random() * ms));
    const racing = [begin(one)];
    // The monitor of vm1 is fresh and does everything for the first time.
    await wait(40);
    racing.push(begin(two));
    await wait(60);
    await world.killMonitor('vm1');
    await Promise.all(racing);
    one = await monitorOf('vm1');
    const running: MonitorClient[] = [];
    for (const [vm, client] of [['vm1', one] as const, ['vm2', two] as const])
      if ((await client.call('info', undefined)).state === 'running') {
        running.push(client);
        seen[vm] += 1;
      }
    expect(running.length).toBeLessThan(2);
    for (const client of running) await client.call('kill', undefined);
    expect(spawnSync('flock', ['-n', '-x', image, 'true']).status).toBe(0);
  }
  console.log(`after a kill in the race: vm1 ran ${seen.vm1} times, vm2 ${seen.vm2} times`);
}, 120_000);
