/** What goes wrong during a backup: the guest goes on, and nothing half is left that counts. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { processStateOf } from '../../../src/system/native/process.ts';
import { bootGuest } from '../../helpers/guest/boot-guest.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { offerFreeze } from '../../helpers/programs/backups.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

let world: World;
const mounts: string[] = [];

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});

afterEach(async () => {
  await world.stopMonitors();
  for (const path of mounts.splice(0)) execFileSync('umount', ['-l', path]);
  await world.close();
});

const bootable = 'ubd0 = /disks/root.dsk\ncon1 = pty log\nssl0 = pty log';
const store = () => join(world.varDir, 'vm1/backups');

/** A disk without holes, on a file system that cannot share blocks: its copy takes a while. */
function addLargeDisk(): void {
  const path = join(world.varDir, 'vm1/jail/disks/large.dsk');
  execFileSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M', 'count=400'], { stdio: 'ignore' });
  chownSync(path, vmUid, vmUid);
}

/** A program that answers on ssl0: what it does after `freeze`. */
const loopOf = (work: string) => `while read -r word id; do [ "$word" = freeze ] || continue; ${work}; done`;
const goodWork =
  'fsfreeze --freeze / && echo "frozen $id"; read -r -t 60 word other; fsfreeze --unfreeze / && echo "thawed $id"';

async function standsStill(pid: number): Promise<void> {
  await expect.poll(() => processStateOf(pid), { timeout: 20_000, interval: 2 }).toBe('stopped');
}

const goesOn = (pid: number) =>
  expect.poll(() => processStateOf(pid), { timeout: 30_000, interval: 5 }).toMatch(/sleeping|running/);

async function writes(client: MonitorClient): Promise<void> {
  const shell = await GuestShell.again(client);
  const { output } = await shell.run('echo on >/root/on; sync; cat /root/on');
  expect(output).toContain('on');
}

/** The shell that waits for the end of a monitor. */
function guardOf(kernelPid: number): number {
  const guard = readdirSync('/proc').find(
    (pid) =>
      /^\d+$/.test(pid) &&
      existsSync(`/proc/${pid}/cmdline`) &&
      readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`umlmon-resume\0${kernelPid}\0`),
  );
  return Number(guard);
}

test('a monitor that is killed in the pause: the guest is resumed without it, and thaws with the next monitor', async () => {
  addLargeDisk();
  world.configure({ vm1: `${bootable}\nubd1 = /disks/large.dsk\nbackup_freeze = ssl0` });
  const { client, kernelPid } = await bootGuest(world, 'vm1');
  await offerFreeze(client, loopOf(goodWork.replace('-t 60', '-t 600')));
  const lost = client.call('backup', { name: 'cut' }).catch(() => 'lost');
  await standsStill(kernelPid);
  await world.killMonitor('vm1');
  await lost;
  await goesOn(kernelPid);
  expect(existsSync(join(store(), 'cut'))).toBe(false);

  await world.startMonitor('vm1');
  const next = await world.client('vm1');
  expect(await next.call('info', undefined)).toMatchObject({ state: 'running', kernelPid });
  await writes(next);
  expect(existsSync(join(world.varDir, 'vm1/pause.json'))).toBe(false);
  expect((await next.call('backup', { name: 'whole' })).summary).toContain('frozen by the guest');
  expect(readdirSync(store())).toEqual(['whole']);
}, 60_000);

test('a monitor that is killed in the pause together with its guard: the next monitor resumes the guest', async () => {
  addLargeDisk();
  world.configure({ vm1: `${bootable}\nubd1 = /disks/large.dsk` });
  const { client, kernelPid } = await bootGuest(world, 'vm1');
  const lost = client.call('backup', { name: 'cut' }).catch(() => 'lost');
  await standsStill(kernelPid);
  const guard = guardOf(kernelPid);
  expect(guard).toBeGreaterThan(1);
  process.kill(guard, 'SIGKILL');
  await world.killMonitor('vm1');
  await lost;
  expect(processStateOf(kernelPid)).toBe('stopped');

  await world.startMonitor('vm1');
  const next = await world.client('vm1');
  expect(await next.call('info', undefined)).toMatchObject({ state: 'running', kernelPid });
  await goesOn(kernelPid);
  await writes(next);
}, 60_000);

test('a kill overtakes a backup in the pause; no file of the backup remains, and the VM starts again', async () => {
  addLargeDisk();
  world.configure({ vm1: `${bootable}\nubd1 = /disks/large.dsk` });
  const { client, kernelPid } = await bootGuest(world, 'vm1');
  const backup = client.call('backup', { name: 'cut' });
  const failed = expect(backup).rejects.toMatchObject({ code: 'BACKUP_INTERRUPTED' });
  await standsStill(kernelPid);
  const other = await world.client('vm1');
  await expect(other.call('stop', { timeoutMs: 0 })).rejects.toMatchObject({
    code: 'STATE_BUSY',
    reason: expect.stringContaining('busy with backup'),
  });
  await expect(other.call('ctrlAltDel', undefined)).rejects.toMatchObject({ code: 'MCONSOLE_BUSY' });
  expect(await other.call('kill', undefined)).toMatchObject({ state: 'stopped', summary: 'killed' });
  await failed;
  expect(readdirSync(store())).toEqual([]);
  expect(await other.call('start', undefined)).toMatchObject({ state: 'running' });
}, 60_000);

test('a guest that reboots while its backup is checked: both are done', async () => {
  addLargeDisk();
  world.configure({ vm1: `${bootable}\nubd1 = /disks/large.dsk\non_reboot = restart` });
  const { client, shell, kernelPid } = await bootGuest(world, 'vm1');
  const backup = client.call('backup', { name: 'whole' });
  await standsStill(kernelPid);
  await goesOn(kernelPid);
  await shell.type('reboot -f\r');
  expect((await backup).summary).toContain('backup whole: 2 images');
  const restarted = async () => {
    const info = await client.call('info', undefined);
    return info.state === 'running' && info.kernelPid !== kernelPid;
  };
  await expect.poll(restarted, { timeout: 20_000 }).toBe(true);
}, 60_000);

test('no space for the copy: the guest runs again, and no file remains', async () => {
  const small = join(world.home, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
  mounts.push(small);
  world.configure({ vm1: `${bootable}\nbackup_dir = ${small}` });
  const { client, kernelPid } = await bootGuest(world, 'vm1');
  for (let round = 0; round < 2; round++) {
    await expect(client.call('backup', { name: '' })).rejects.toMatchObject({
      message: expect.stringContaining('ENOSPC'),
    });
    await goesOn(kernelPid);
    await writes(client);
    expect(readdirSync(join(small, 'vm1'))).toEqual([]);
  }
  expect((await client.call('backupList', undefined)).backups).toEqual([]);
}, 60_000);

test.each(['late', 'silent'])(
  'a guest that freezes too late, or not at all (%s): the backup fails as not frozen, and is there',
  async (kind) => {
    world.configure({ vm1: `${bootable}\nbackup_freeze = ssl0` });
    const { client } = await bootGuest(world, 'vm1');
    if (kind === 'late') await offerFreeze(client, loopOf(`sleep 11; ${goodWork}`));
    const { eventsNext } = await client.call('info', undefined);
    const { status, stderr } = world.run('umlwatch', ['vm1', '-backup', kind]);
    expect(stderr).toMatch(
      /is not frozen \(synced\): the guest has not answered "frozen" on ssl0 within 10 s/,
    );
    expect(status).toBe(1);
    const [{ pauseMs, consistency } = { pauseMs: 0 }] = (await client.call('backupList', undefined)).backups;
    expect(consistency).toBe('synced');
    expect(pauseMs).toBeGreaterThan(10_000);
    expect(await waitForEvent(client, 'backup', eventsNext)).toContain(
      'not frozen, as backup_freeze = ssl0 wants it',
    );
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await writes(client);
  },
  60_000,
);

test('a guest that does not thaw: its kernel does', async () => {
  world.configure({ vm1: `${bootable}\nbackup_freeze = ssl0` });
  const { client } = await bootGuest(world, 'vm1');
  await offerFreeze(client, loopOf('fsfreeze --freeze / && echo "frozen $id"; sleep 1000'));
  const { eventsNext } = await client.call('info', undefined);
  expect((await client.call('backup', { name: 'stuck' })).summary).toContain('frozen by the guest');
  await writes(client);
  expect(world.log('vm1', 'con0')).toContain('Emergency Thaw complete');
  expect(await waitForEvent(client, 'backup', eventsNext)).toContain('stuck');
}, 60_000);

test('a backup directory that guests can reach is refused', async () => {
  world.configure({ vm1: `${bootable}\nbackup_dir = ${join(world.varDir, 'shared')}` });
  const { client } = await bootGuest(world, 'vm1');
  await expect(client.call('backup', { name: '' })).rejects.toMatchObject({ code: 'BACKUP_DIRECTORY' });
});

test('monitors that are killed at any moment of backups leave complete backups or none', async () => {
  world.configure({ vm1: bootable });
  const { client: first, kernelPid } = await bootGuest(world, 'vm1');
  let client = first;
  const began = performance.now();
  await client.call('backup', { name: 'undisturbed' });
  const usual = performance.now() - began;
  for (let round = 0; round < 8; round++) {
    const lost = client.call('backup', { name: `r${round}` }).catch(() => 'lost');
    await new Promise((resolve) => setTimeout(resolve, (usual * (round + 0.5)) / 6));
    await world.killMonitor('vm1');
    await lost;
    await goesOn(kernelPid);
    await world.startMonitor('vm1');
    client = await world.client('vm1');
    expect(await client.call('info', undefined)).toMatchObject({ state: 'running', kernelPid });
  }
  await client.call('backup', { name: 'last' });
  const { backups } = await client.call('backupList', undefined);
  expect(backups.at(-1)?.name).toBe('last');
  // Nothing but what is complete.
  expect(readdirSync(store()).sort()).toEqual(backups.map(({ name }) => name).sort());
  for (const { name, sound } of backups) {
    expect(sound).toBe(true);
    const image = join(store(), name, 'ubd0.dsk');
    spawnSync('e2fsck', ['-E', 'journal_only', '-y', image]);
    expect(spawnSync('e2fsck', ['-fn', image]).status).toBe(0);
  }
  console.log(`backups complete in spite of the kill: ${backups.length - 2} of 8`);
  await writes(client);
}, 120_000);

test('a copy that cannot be started leaves no image open', async () => {
  const full = join(world.home, 'full');
  mkdirSync(full);
  // Room for the directories of a draft, and for no file in it.
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=3', 'tmpfs', full]);
  mounts.push(full);
  world.configure({ vm1: `${bootable}\nbackup_dir = ${full}` });
  const { client } = await bootGuest(world, 'vm1');
  const images = () => {
    const fds = `/proc/${world.monitorPid('vm1')}/fd`;
    const links = readdirSync(fds).flatMap((fd) =>
      existsSync(join(fds, fd)) ? [readlinkSync(join(fds, fd))] : [],
    );
    return links.filter((link) => link.endsWith('.dsk')).length;
  };
  const before = images();
  for (let attempt = 0; attempt < 3; attempt++)
    await expect(client.call('backup', { name: 'none' })).rejects.toMatchObject({
      reason: expect.stringContaining('ENOSPC'),
    });
  expect(images()).toBe(before);
}, 60_000);
