/** A real VM under its monitor, from the control socket's side. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../src/rpc/client/monitor-client.ts';
import { GuestShell, waitForEvent } from '../helpers/guest/guest.ts';
import { vmUid, World } from '../helpers/programs/world.ts';

/** Ctrl-Alt-Del then goes to a process that does not mind it. */
const ignoreCtrlAltDel = 'sleep 1000 & echo $! > /proc/sys/kernel/cad_pid';

let world: World;

beforeEach(() => {
  world = new World();
});

afterEach(() => world.close());

async function monitorOf(vm: string, text = ''): Promise<MonitorClient> {
  world.configure({ [vm]: `ubd0 = /disks/root.dsk\ncon1 = pty log\n${text}` });
  world.addImage(vm);
  await world.startMonitor(vm);
  return world.client(vm);
}

async function kinds(client: MonitorClient): Promise<string[]> {
  return (await client.call('events', { since: 1, max: 64, waitMs: 0 })).events.map(({ kind, text }) =>
    kind === 'state' ? text : kind,
  );
}

test('a lifetime: start, work, clean stop', async () => {
  const client = await monitorOf('vm1');
  expect(await client.call('info', undefined)).toMatchObject({
    state: 'stopped',
    kernelPid: 0,
    lastExit: null,
  });

  expect(await client.call('start', undefined)).toMatchObject({ state: 'running', joined: false, id: 1 });
  await waitForEvent(client, 'guest-message');
  const info = await client.call('info', undefined);
  expect(info).toMatchObject({
    state: 'running',
    user: 'irc',
    mem: 128 * 1024 ** 2,
    guestMessage: 'booted',
  });
  expect(info.kernelVersion).toMatch(/^Linux \d+\.\d+/);
  expect(readFileSync(`/proc/${info.kernelPid}/comm`, 'latin1')).toBe('linux\n');

  const shell = await GuestShell.open(client);
  expect(await shell.run('id -u; hostname; exit_code() { return 7; }; exit_code')).toEqual({
    output: '0\nvm1',
    status: 7,
  });

  expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({
    state: 'stopped',
    summary: 'stopped cleanly',
  });
  expect(existsSync(`/proc/${info.kernelPid}`)).toBe(false);
  const after = await client.call('info', undefined);
  expect(after.lastExit).toMatchObject({ cause: 'poweroff', code: 0, signal: 0, askedBy: 'uid 0' });
  expect(after.lastExit?.lastLines).toContain('reboot: Power down');
  const seen = await kinds(client);
  // The guest may say that it is booted before or after the start is done.
  const booted = seen.indexOf('guest-message');
  expect(seen.splice(booted, 2)).toEqual(['guest-message', 'ready']);
  expect(seen).toEqual([
    'monitor-started',
    'operation-started',
    'stopped → starting',
    ...Array(9).fill('start-step'),
    'ready',
    'start-step',
    'starting → running',
    'kernel-up',
    'ready',
    'operation-ended',
    'console-attached',
    'operation-started',
    'running → stopping',
    'stop-stage',
    'exit',
    'stopping → stopped',
    'operation-ended',
  ]);
});

test('con0 is logged from the first byte', async () => {
  const client = await monitorOf('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  await client.call('stop', { timeoutMs: 0 });
  const log = world.log('vm1', 'con0').replaceAll('\r', '');
  // The very first words come from the kernel's own set-up, before it has a console.
  expect(log.indexOf('Core dump limits')).toBe(0);
  expect(log).toMatch(/Linux version .*\n/);
  expect(log.trimEnd().endsWith('reboot: Power down')).toBe(true);
  const read = await client.call('logRead', { channel: 'con0', offset: 0, max: 65536, waitMs: 0 });
  expect(Buffer.from(read.data).toString()).toBe(world.log('vm1', 'con0'));
  expect(read).toMatchObject({ offset: 0, oldest: 0, end: read.data.length });
});

test('the second start takes the delay loop calibration of the first', async () => {
  const client = await monitorOf('vm1');
  await client.call('start', undefined);
  const cache = join(world.varDir, '.cache/lpj');
  await expect.poll(() => existsSync(cache), { timeout: 20_000 }).toBe(true);
  await client.call('kill', undefined);
  const plan = JSON.parse(world.run('umlmon', ['-plan', 'vm1', '-json']).stdout);
  const lpj = plan.kernel.arguments.find((argument: string) => argument.startsWith('lpj='));
  expect(Number(lpj?.slice('lpj='.length))).toBeGreaterThan(100_000);
  const { eventsNext } = await client.call('info', undefined);
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message', eventsNext);
  expect(world.log('vm1', 'con0')).toMatch(/Calibrating delay loop \(skipped\) preset value/);
});

test('a stop without a time limit is a clean stop', async () => {
  const client = await monitorOf('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  expect(await client.call('stop', { timeoutMs: 0xffff_ffff })).toMatchObject({
    summary: expect.not.stringContaining('by halt'),
  });
  expect(await waitForEvent(client, 'stop-stage')).toBe('ctrl-alt-del, then up to 3600 s');
});

test('a monitor does not use the core of its guest while the guest runs', async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncpu = 0' });
  world.addImage('vm1');
  const { pid } = await world.startMonitor('vm1');
  const cores = (process: number | undefined) =>
    /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${process}/status`, 'latin1'))?.[1];
  const all = cores(pid);
  const client = await world.client('vm1');
  await client.call('start', undefined);
  expect(cores((await client.call('info', undefined)).kernelPid)).toBe('0');
  await expect.poll(() => cores(pid)).not.toMatch(/^0/);
  await client.call('kill', undefined);
  expect(cores(pid)).toBe(all);
});

test('warnings are logged at the start of a monitor', () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk', vm2: 'ubd0 = /disks/root.dsk' });
  const started = world.run('umlmon', ['vm2']);
  expect(started).toMatchObject({ status: 0, stderr: expect.stringContaining('vmuser: warning: ') });
  const pid = Number(/monitor (\d+) started/.exec(started.stdout)?.[1]);
  process.kill(pid, 'SIGTERM');
  spawnSync('tail', ['--pid', `${pid}`, '-f', '/dev/null'], { timeout: 20_000 });
});

test('what makes no sense now is refused with the state', async () => {
  const client = await monitorOf('vm1');
  const refusal = (cause: string) => ({ code: 'STATE_WRONG', place: 'vm1', reason: cause });
  await expect(client.call('stop', { timeoutMs: 0 })).rejects.toMatchObject(refusal('it is stopped already'));
  await expect(client.call('kill', undefined)).rejects.toMatchObject(refusal('it is stopped already'));
  await expect(client.call('ctrlAltDel', undefined)).rejects.toMatchObject(refusal('it is stopped'));
  await client.call('start', undefined);
  await expect(client.call('start', undefined)).rejects.toMatchObject(refusal('it is running already'));
});

test('the same operation from two clients is joined, another is refused by name', async () => {
  const client = await monitorOf('vm1');
  const second = await world.client('vm1');
  const [one, two] = await Promise.all([client.call('start', undefined), second.call('start', undefined)]);
  expect([one.joined, two.joined]).toEqual([false, true]);
  expect(one.id).toBe(two.id);
  await waitForEvent(client, 'guest-message');
  const shell = await GuestShell.open(client);
  await shell.run(ignoreCtrlAltDel);
  const stopping = client.call('stop', { timeoutMs: 1500 });
  await waitForEvent(client, 'stop-stage');
  await expect(second.call('start', undefined)).rejects.toMatchObject({
    code: 'STATE_BUSY',
    reason: expect.stringContaining('busy with stop (operation 2'),
  });
  await stopping;
});

test('a guest that does not react is halted, and a kill overtakes the stop', async () => {
  const client = await monitorOf('vm1');
  const second = await world.client('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  const shell = await GuestShell.open(client);
  await shell.run(ignoreCtrlAltDel);
  const stopped = await client.call('stop', { timeoutMs: 300 });
  expect(stopped).toMatchObject({ state: 'stopped', summary: 'stopped by halt' });

  const events = await client.call('info', undefined);
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message', events.eventsNext);
  await (await GuestShell.open(client)).run(ignoreCtrlAltDel);
  const stopping = client.call('stop', { timeoutMs: 30_000 });
  await waitForEvent(client, 'stop-stage', events.eventsNext);
  expect(await second.call('kill', undefined)).toMatchObject({ state: 'stopped', summary: 'killed' });
  await stopping;
  expect((await client.call('info', undefined)).lastExit).toMatchObject({ cause: 'killed', signal: 9 });
});

test('a panic is a crash with its text; on_crash = restart starts again', async () => {
  const client = await monitorOf('vm1', 'on_crash = restart');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  const { eventsNext, kernelPid } = await client.call('info', undefined);
  await (await GuestShell.open(client)).type('echo c > /proc/sysrq-trigger\r');
  expect(await waitForEvent(client, 'panic', eventsNext)).toContain('sysrq triggered crash');
  expect(await waitForEvent(client, 'exit', eventsNext)).toBe('crash: sysrq triggered crash');
  await waitForEvent(client, 'restart', eventsNext);
  await waitForEvent(client, 'guest-message', eventsNext);
  // The guest may speak before its management console has answered.
  await expect.poll(async () => (await client.call('info', undefined)).state).toBe('running');
  const again = await client.call('info', undefined);
  expect(again.kernelPid).not.toBe(kernelPid);
  expect(again.lastExit).toMatchObject({ cause: 'crash', signal: 6, code: -1, askedBy: '' });
});

test('a reboot of the guest is a new start by the monitor, and viewers stay attached', async () => {
  const client = await monitorOf('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  const { eventsNext } = await client.call('info', undefined);
  const shell = await GuestShell.open(client);
  await shell.type('reboot\r');
  expect(await waitForEvent(client, 'exit', eventsNext)).toBe('reboot');
  await waitForEvent(client, 'guest-message', eventsNext);
  await shell.until(/built-in shell[\s\S]*[#$] (?:\x1b\[\d*[A-Za-z])*$/);
  expect((await shell.run('echo again')).output).toBe('again');
  expect(
    (await client.call('info', undefined)).consoles.find(({ channel }) => channel === 'con1')?.viewers,
  ).toBe(1);
});

test('on_reboot = stop leaves the VM stopped', async () => {
  const client = await monitorOf('vm1', 'on_reboot = stop');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  await (await GuestShell.open(client)).type('reboot\r');
  expect(await waitForEvent(client, 'exit')).toBe('reboot');
  expect(await kinds(client)).not.toContain('restart');
  expect((await client.call('info', undefined)).state).toBe('stopped');
});

test('a start that fails is undone and names the step, and the next one works', async () => {
  const client = await monitorOf('vm1', 'append = init=/nowhere rootdelay=1');
  await expect(client.call('start', undefined)).rejects.toMatchObject({ code: 'START_CRASHED' });
  expect(await waitForEvent(client, 'exit')).toMatch(/^crash: .*init/);

  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nmem = 60G' });
  await expect(client.call('start', undefined)).rejects.toMatchObject({
    code: 'HOST_MEMORY',
    place: expect.stringMatching(/umlmon\.ini:9: \[vm1\] mem$/),
    reason: expect.stringMatching(/^the VM needs 60 GiB of host memory, but only [\d.]+ \wiB are available$/),
  });
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
  expect(await client.call('start', undefined)).toMatchObject({ state: 'running' });
});

test('a spawn that fails is reported with the complete output of the failed program', async () => {
  const loader = join(world.varDir, 'shared/kernels/linux/lib/ld-linux-x86-64.so.2');
  const client = await monitorOf('vm1');
  chmodSync(loader, 0o644);
  try {
    // What a process says as its last word may not have been read yet when its end is known.
    for (let round = 0; round < 10; round++)
      await expect(client.call('start', undefined)).rejects.toMatchObject({
        code: 'JAIL_LAUNCH',
        reason: 'it exited with status 1: bwrap: execvp /kernel/linux: Permission denied',
        hint: expect.stringContaining('chmod a+x'),
      });
  } finally {
    chmodSync(loader, 0o755);
  }
  expect(await client.call('start', undefined)).toMatchObject({ state: 'running' });
});

test('an image that another VM uses is refused, and free again after its end', async () => {
  world.configure({
    vm1: 'ubd0 = /shared/disks/root.dsk',
    vm2: `ubd0 = /shared/disks/root.dsk\nvmuser = ${vmUid}`,
  });
  world.addSharedImage();
  for (const vm of ['vm1', 'vm2']) await world.startMonitor(vm);
  const [one, two] = [await world.client('vm1'), await world.client('vm2')];
  await one.call('start', undefined);
  await expect(two.call('start', undefined)).rejects.toMatchObject({
    code: 'IMAGE_IN_USE',
    place: expect.stringMatching(/: \[vm2\] ubd0$/),
    reason: '/shared/disks/root.dsk is open read-write by vm1',
  });
  expect((await two.call('info', undefined)).state).toBe('stopped');
  await one.call('stop', { timeoutMs: 0 });
  expect(await two.call('start', undefined)).toMatchObject({ state: 'running' });
});

test('a second monitor for the same VM exits at once with the reason', async () => {
  await monitorOf('vm1');
  const second = world.run('umlmon', ['-fg', 'vm1']);
  expect(second.status).toBe(5);
  expect(second.stderr).toContain('umlmon: vm1: another monitor serves this VM already');
  expect(world.run('umlwatch', ['vm1', '-info']).status).toBe(0);
});

test('a monitor that is asked to exit stops its guest cleanly', async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nstart = boot' });
  world.addImage('vm1');
  const child = await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await waitForEvent(client, 'guest-message');
  const { kernelPid } = await client.call('info', undefined);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(existsSync(`/proc/${kernelPid}`)).toBe(false);
  expect(world.log('vm1', 'con0')).toContain('reboot: Power down');
  expect(existsSync(join(world.varDir, 'vm1/ctrl'))).toBe(false);
  // The next monitor knows how the last guest ended.
  await world.startMonitor('vm1');
  expect((await (await world.client('vm1')).call('info', undefined)).lastExit).toMatchObject({
    cause: 'poweroff',
    askedBy: 'SIGTERM',
  });
});

test('hundreds of mistakes in a configuration are an answer, too, cut to its length', async () => {
  const client = await monitorOf('vm1');
  const mistakes = Array.from({ length: 200 }, (_, i) => `unknown${i} = a value of some length`);
  world.configure({ vm1: mistakes.join('\n') });
  await expect(client.call('start', undefined)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    reason: expect.stringMatching(/umlmon\.ini:\d+: \[vm1\] unknown0: the key does not exist.*…$/s),
  });
});

test('output of only control characters does not prevent answers of a monitor', async () => {
  const client = await monitorOf('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  const shell = await GuestShell.open(client);
  await shell.run("for i in $(seq 1500); do printf '\\033\\033\\n'; done >/dev/console");
  await client.call('kill', undefined);
  const { lastExit } = await client.call('info', undefined);
  expect(lastExit?.lastLines).toMatch(/^(\\x1b\\x1b\n){400}/);
});
