/** The guest outlives its monitor. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootGuest } from '../../helpers/guest/boot-guest.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty log' });
  world.addImage('vm1');
});

afterEach(() => world.close());

test('a killed monitor loses neither VM nor shell; the next one takes both over', async () => {
  const { shell, kernelPid } = await bootGuest(world, 'vm1');
  await shell.run('kept="a value in the shell"');
  await world.killMonitor('vm1');
  expect(existsSync(`/proc/${kernelPid}`)).toBe(true);

  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  const info = await client.call('info', undefined);
  expect(info).toMatchObject({ state: 'running', kernelPid, user: 'irc', mem: 128 * 1024 ** 2 });
  expect(await waitForEvent(client, 'adopted')).toContain(`kernel ${kernelPid} taken over`);
  const viewer = await GuestShell.again(client);
  expect((await viewer.run('echo $kept')).output).toBe('a value in the shell');

  // The adopted VM is a VM like any other: messages, log, orderly stop with its exit record.
  await viewer.run('echo hello > /proc/mconsole');
  expect(await waitForEvent(client, 'guest-message')).toBe('hello');
  expect(world.log('vm1', 'con1')).toContain('a value in the shell');
  expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({ summary: 'stopped cleanly' });
  expect((await client.call('info', undefined)).lastExit).toMatchObject({ cause: 'poweroff', code: 0 });
  expect(existsSync(`/proc/${kernelPid}`)).toBe(false);
  expect(await client.call('start', undefined)).toMatchObject({ state: 'running' });
});

test('output of the guest without a monitor arrives, as far as the terminal holds it', async () => {
  const { shell } = await bootGuest(world, 'vm1');
  await shell.type('(sleep 0.5; for i in $(seq 1 3000); do echo "line $i of many"; done; echo all-said) &\r');
  await shell.until(/\[1\]|# /);
  await world.killMonitor('vm1');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await world.startMonitor('vm1');
  const viewer = await GuestShell.again(await world.client('vm1'));
  await viewer.type('\r');
  await expect.poll(() => world.log('vm1', 'con1'), { timeout: 20_000 }).toMatch(/\nall-said/);
  const lines = [...world.log('vm1', 'con1').matchAll(/line (\d+) of many/g)].map(([, n]) => Number(n));
  expect(lines).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1));
});

test('a kernel that ends while it has no monitor leaves a clean place', async () => {
  const { kernelPid } = await bootGuest(world, 'vm1');
  await world.killMonitor('vm1');
  process.kill(kernelPid, 'SIGKILL');
  await expect.poll(() => existsSync(`/proc/${kernelPid}`)).toBe(false);
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  expect(await waitForEvent(client, 'cleaned-up')).toMatch(/removed \d+ leftovers/);
  expect((await client.call('info', undefined)).state).toBe('stopped');
  expect(await client.call('start', undefined)).toMatchObject({ state: 'running' });
});

test('a kernel that does not match its record is unmanaged: reported, refused, and never changed', async () => {
  const { kernelPid } = await bootGuest(world, 'vm1');
  await world.killMonitor('vm1');
  const recordPath = join(world.varDir, 'vm1/run.json');
  const record = readFileSync(recordPath, 'utf8');
  const altered = JSON.parse(record);
  altered.kernel.startTime += 1;
  writeFileSync(recordPath, JSON.stringify(altered));

  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  expect((await client.call('info', undefined)).state).toBe('unmanaged');
  expect(await waitForEvent(client, 'unmanaged')).toContain(`${kernelPid}`);
  for (const verb of ['start', 'kill'] as const)
    await expect(client.call(verb, undefined)).rejects.toMatchObject({ code: 'STATE_WRONG' });
  expect(existsSync(`/proc/${kernelPid}`)).toBe(true);

  // When it is gone, the VM can be started again.
  process.kill(kernelPid, 'SIGKILL');
  await expect.poll(() => existsSync(`/proc/${kernelPid}`)).toBe(false);
  expect(await client.call('start', undefined)).toMatchObject({ state: 'running' });
}, 60_000);

test('two simultaneous starts of an unmanaged VM take it over once', async () => {
  const { kernelPid } = await bootGuest(world, 'vm1');
  await world.killMonitor('vm1');
  const recordPath = join(world.varDir, 'vm1/run.json');
  renameSync(recordPath, `${recordPath}.away`);
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  expect((await client.call('info', undefined)).state).toBe('unmanaged');

  renameSync(`${recordPath}.away`, recordPath);
  const starts = [0, 1].map(() => client.call('start', undefined).catch((error: unknown) => error));
  for (const outcome of await Promise.all(starts))
    expect(outcome).toMatchObject({ code: 'STATE_WRONG', reason: 'it is running already' });
  expect(await client.call('info', undefined)).toMatchObject({ state: 'running', kernelPid });
  expect(await client.call('mconsole', 'version')).toMatchObject({ text: expect.stringContaining('Linux') });
  await client.call('stop', { timeoutMs: 0 });
});

test('SIGQUIT leaves the guest running, SIGHUP waits for its end', async () => {
  const { kernelPid } = await bootGuest(world, 'vm1');
  expect(await world.signalMonitor('vm1', 'SIGQUIT')).toBe(0);
  expect(existsSync(`/proc/${kernelPid}`)).toBe(true);

  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  const ended = world.signalMonitor('vm1', 'SIGHUP');
  await waitForEvent(client, 'monitor-exiting');
  expect((await client.call('info', undefined)).state).toBe('running');
  await client.call('stop', { timeoutMs: 0 });
  expect(await ended).toBe(0);
});

test('-cleanup removes what a killed monitor has left, and nothing of a running VM', async () => {
  const { kernelPid } = await bootGuest(world, 'vm1');
  expect(world.run('umlmon', ['-cleanup', 'vm1'])).toMatchObject({
    status: 5,
    stderr: expect.stringContaining('another monitor serves this VM already'),
  });
  await world.killMonitor('vm1');
  expect(world.run('umlmon', ['-cleanup', 'vm1'])).toMatchObject({
    status: 5,
    stderr: expect.stringContaining(`its kernel runs without a monitor, as process ${kernelPid}`),
  });
  process.kill(kernelPid, 'SIGKILL');
  await expect.poll(() => existsSync(`/proc/${kernelPid}`)).toBe(false);
  const cleaned = world.run('umlmon', ['-cleanup', 'vm1', '-json']);
  expect(cleaned.status).toBe(0);
  const { removed } = JSON.parse(cleaned.stdout);
  expect(removed).toContain(join(world.varDir, 'vm1/ctrl'));
  for (const path of removed) expect(existsSync(path), path).toBe(false);
  expect(world.run('umlmon', ['-cleanup', 'vm1']).stdout).toBe('vm1: no leftovers found\n');
  expect(existsSync(join(world.varDir, 'vm1/jail/disks/root.dsk'))).toBe(true);
  rmSync(join(world.varDir, 'vm1/log'), { recursive: true });
});
