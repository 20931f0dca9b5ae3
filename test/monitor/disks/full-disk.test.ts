/** The host's disks become full, one after the other: the VM goes on, and what is missing is counted and said. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { program, vmUid, World } from '../../helpers/programs/world.ts';

let world: World;
const mounts: string[] = [];

beforeEach(() => {
  world = new World();
  world.addSharedImage();
});

afterEach(async () => {
  // What a monitor wants to write last may need the room.
  for (const path of mounts) rmSync(join(path, 'filler'), { force: true });
  await world.stopMonitors();
  for (const path of mounts.splice(0).reverse()) execFileSync('umount', ['-l', path]);
  await world.close();
});

function mount(path: string, ...args: string[]): string {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', [...args, path]);
  mounts.push(path);
  return path;
}

const tmpfs = (size: string) => ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs'];

/** Takes every free block; the function gives them back. */
function fill(directory: string): () => void {
  const path = join(directory, 'filler');
  expect(() => execFileSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=4096'], { stdio: 'pipe' })).toThrow(
    'No space left',
  );
  return () => rmSync(path);
}

async function boot(): Promise<{ client: MonitorClient; shell: GuestShell; kernelPid: number }> {
  const client = await world.client('vm1');
  const { eventsNext } = await client.call('info', undefined);
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message', eventsNext);
  const { kernelPid } = await client.call('info', undefined);
  return { client, shell: await GuestShell.open(client), kernelPid };
}

const bootable = 'ubd0 = /shared/disks/root.dsk\ncon1 = pty log\nlog_size = 1M';

test('full logs: output continues, and the gap is counted, reported and closed without a restart', async () => {
  world.configure({ vm1: bootable });
  const logs = mount(join(world.varDir, 'vm1/log'), ...tmpfs('256k'));
  expect(world.run('umlmon', ['vm1'])).toMatchObject({ status: 0 });
  const pid = Number(readFileSync(join(world.runDir, 'vm1.pid'), 'utf8'));
  try {
    const { client, shell, kernelPid } = await boot();
    const { eventsNext } = await client.call('info', undefined);
    const makeRoom = fill(logs);
    expect((await shell.run('for i in $(seq 1 3000); do echo "line $i"; done')).output).toContain(
      'line 3000',
    );
    // Each is an event, which the monitor's own log cannot take.
    await shell.run('for i in $(seq 1 20); do echo $(seq 1 100) >/proc/mconsole; done');
    const info = await client.call('info', undefined);
    expect(info).toMatchObject({ state: 'running', kernelPid });
    const con1 = info.consoles.find(({ channel }) => channel === 'con1');
    expect(con1?.logDropped).toBeGreaterThan(20_000);
    expect(con1?.logError).toContain('ENOSPC');
    expect(await waitForEvent(client, 'warning', eventsNext)).toContain(
      'the log cannot be written: no space left',
    );

    // The end of a guest is recorded as far as it can be.
    await client.call('stop', { timeoutMs: 0 });
    const stopped = await client.call('info', undefined);
    expect(stopped.lastExit).toMatchObject({ cause: 'poweroff' });
    expect(stopped.warningCount).toBeGreaterThanOrEqual(2);
    expect(stopped.logDropped).toBeGreaterThan(100);
    const shown = world.run('umlwatch', ['vm1', '-info']).stdout;
    expect(shown).toMatch(/con1 .* KiB are missing \(ENOSPC: no space left on device/);
    expect(shown).toMatch(/^ {2}warnings +\d+, the last: /m);
    expect(shown).toMatch(/^ {2}log .* of the monitor's own are missing$/m);
    const json = world.run('umlwatch', ['vm1', '-info', '-json']).stdout;
    for (const name of ['logDropped', 'logError', 'warningCount', 'lastWarning'])
      expect(json).toContain(`"${name}"`);

    makeRoom();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const since = (await client.call('info', undefined)).eventsNext;
    const next = await boot();
    await next.shell.run('echo room again');
    expect(await waitForEvent(client, 'log-resumed', since)).toMatch(/bytes are missing/);
    const after = await client.call('info', undefined);
    const con1After = after.consoles.find(({ channel }) => channel === 'con1');
    expect(con1After?.logError).toBe('');
    const log = world.log('vm1', 'con1');
    const note = /\r\n\[umlmon: (\d+) bytes not logged: no space left on device\]\r\n/.exec(log);
    expect(Number(note?.[1])).toBe(con1After?.logDropped);
    expect(log.slice(note?.index)).toContain('room again');
    // All that the guest has sent is in the log, or counted.
    expect(log.length - (note?.[0].length ?? 0) + Number(note?.[1])).toBe(con1After?.bytesOut);
    expect(world.log('vm1', 'monitor')).toMatch(
      /\n\{.*"msg":"\d+ bytes not logged: no space left on device"\}\n/,
    );
    await client.call('stop', { timeoutMs: 0 });
    expect(readFileSync(join(logs, 'last-exit.json'), 'utf8')).toContain('"cause":"poweroff"');
  } finally {
    process.kill(pid, 'SIGTERM');
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  }
}, 60_000);

test('full state and run directories: the guest continues, a new monitor takes it over, a start fails with the reason', async () => {
  world.configure({ vm1: bootable });
  const home = mount(join(world.varDir, 'vm1'), ...tmpfs('1m'));
  const run = mount(world.runDir, ...tmpfs('1m'));
  await world.startMonitor('vm1');
  const { shell, kernelPid } = await boot();
  await shell.run('kept=yes');
  const room = { home: fill(home), run: fill(run) };
  await shell.run('echo still here');

  await world.killMonitor('vm1');
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  expect(await client.call('info', undefined)).toMatchObject({ state: 'running', kernelPid });
  const again = await GuestShell.again(client);
  expect((await again.run('echo $kept')).output).toBe('yes');

  // The end and its clean-up need no room; a start does.
  expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({ summary: 'stopped cleanly' });
  await expect(client.call('start', undefined)).rejects.toMatchObject({
    message: expect.stringMatching(/start, step .*no space left on device/i),
  });
  expect((await client.call('info', undefined)).state).toBe('stopped');

  // A restart by policy that finds no room is tried again, and works when there is some; RUNDIR may stay full.
  room.home();
  const rebooted = await boot();
  const before = (await client.call('info', undefined)).eventsNext;
  await rebooted.shell.type('reboot\r');
  await waitForEvent(client, 'restart', before);
  await waitForEvent(client, 'kernel-up', before);
  room.run();
  expect(await client.call('info', undefined)).toMatchObject({ state: 'running' });
}, 60_000);

test('a new monitor without any run files serves, though it can write none', async () => {
  world.configure({ vm1: bootable });
  const run = mount(world.runDir, ...tmpfs('1m'));
  await world.startMonitor('vm1');
  await world.killMonitor('vm1');
  for (const name of ['vm1.marks', 'vm1.pid']) rmSync(join(run, name));
  fill(run);
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  expect(await client.call('info', undefined)).toMatchObject({ state: 'stopped', warningCount: 2 });
});

test('the images: the guest gets errors of its disk, and writes again when there is space', async () => {
  world.configure({ vm1: `${bootable}\nubd1 = /disks/data.dsk` });
  const disk = join(world.home, 'disk.img');
  writeFileSync(disk, '');
  truncateSync(disk, 32 * 2 ** 20);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', disk]);
  const disks = mount(join(world.varDir, 'vm1/jail/disks'), '-o', 'loop', disk);
  const image = makeDataImage(disks);
  await world.startMonitor('vm1');
  const { client, shell, kernelPid } = await boot();
  await shell.run('mkdir -p /mnt; mount -t ext4 /dev/ubdb /mnt && echo before >/mnt/file && sync');
  const makeRoom = fill(disks);
  await shell.run('dd if=/dev/zero of=/mnt/big bs=1M count=8; sync');
  const errors = (await shell.run('dmesg | grep -iE "ubdb|ext4" | tail -n 5')).output;
  expect(errors).toMatch(/error/i);
  expect(await client.call('info', undefined)).toMatchObject({ state: 'running', kernelPid });
  expect((await shell.run('cat /mnt/file; echo root >/rooted; cat /rooted')).output).toContain('root');

  makeRoom();
  const mended = await shell.run(
    'umount /mnt; mount -t ext4 /dev/ubdb /mnt && echo after >/mnt/after && sync && cat /mnt/after',
  );
  expect(mended).toMatchObject({ status: 0, output: expect.stringContaining('after') });
  expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({ summary: 'stopped cleanly' });
  // 1: mended. What could not be written is lost to the guest, as on any disk.
  expect(spawnSync('e2fsck', ['-fy', image]).status).toBeLessThanOrEqual(1);
}, 60_000);

test('blocks that the host accepted but could not write: the stop reports it, and the image is free for the next start', async () => {
  world.configure({ vm1: `${bootable}\nubd1 = /disks/data.dsk` });
  // A disk that promises more than it has.
  const below = mount(join(world.home, 'below'), ...tmpfs('12m'));
  const disk = join(below, 'disk.img');
  writeFileSync(disk, '');
  truncateSync(disk, 64 * 2 ** 20);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', '-O', '^has_journal', disk]);
  const disks = mount(join(world.varDir, 'vm1/jail/disks'), '-o', 'loop', disk);
  const image = makeDataImage(disks);
  execFileSync('sync', ['-f', disks]);
  await world.startMonitor('vm1');
  const { client, shell } = await boot();
  fill(below);
  await shell.run('dd if=/dev/zero of=/dev/ubdb bs=1M seek=20 count=4 conv=notrunc; sync');
  const { eventsNext } = await client.call('info', undefined);
  await client.call('stop', { timeoutMs: 0 });
  const said = await waitForEvent(client, 'warning', eventsNext);
  expect(said).toContain(image);
  rmSync(join(below, 'filler'));
  expect(await client.call('start', undefined)).toMatchObject({ state: 'running' });
}, 60_000);

test('a monitor in the foreground outlives the full disk that its messages go to', async () => {
  world.configure({ vm1: bootable });
  const place = mount(join(world.home, 'messages'), ...tmpfs('64k'));
  fill(place);
  const messages = openSync(join(place, 'messages'), 'w');
  const child = spawn(program('umlmon'), ['-config', world.configPath, '-fg', 'vm1'], {
    stdio: ['ignore', 'ignore', messages],
  });
  closeSync(messages);
  try {
    await expect.poll(() => existsSync(join(world.runDir, 'vm1.pid')), { timeout: 20_000 }).toBe(true);
    const { client } = await boot();
    expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({ summary: 'stopped cleanly' });
  } finally {
    child.kill('SIGTERM');
    await expect.poll(() => child.exitCode, { timeout: 20_000 }).toBe(0);
  }
});

/** A sparse image with a file system, as /disks/data.dsk. */
function makeDataImage(disks: string): string {
  const image = join(disks, 'data.dsk');
  writeFileSync(image, '');
  truncateSync(image, 24 * 2 ** 20);
  execFileSync('mkfs.ext4', ['-q', '-b', '4096', '-O', '^has_journal', image]);
  chownSync(image, vmUid, vmUid);
  return image;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
