/** RUNDIR, or a socket of the monitor, is removed while a VM runs: one monitor stays, and it can be reached. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootGuest } from '../../helpers/guest/boot-guest.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty log\nmetrics = socket' });
  world.addImage('vm1');
});

afterEach(() => world.close());

const watchVm = (...words: string[]) => world.run('umlwatch', ['vm1', ...words]);

async function removeRunDir(): Promise<void> {
  // The monitor may make it again while rm(1) is in it.
  spawnSync('rm', ['-rf', world.runDir]);
  const client = await world.client('vm1');
  expect(await waitForEvent(client, 'recreated')).toContain(`${world.runDir} was removed`);
}

test('without RUNDIR the guest is reached and stopped cleanly; a second monitor is refused', async () => {
  const { shell, kernelPid } = await bootGuest(world, 'vm1');
  await removeRunDir();
  expect(statSync(world.runDir).mode & 0o777).toBe(0o755);
  expect(readFileSync(join(world.runDir, 'vm1.pid'), 'utf8')).toBe(`${world.monitorPid('vm1')}\n`);

  const second = world.run('umlmon', ['vm1']);
  expect([second.status, second.stderr]).toEqual([
    5,
    'umlmon: vm1: another monitor serves this VM already (hint: umlwatch vm1 -info)\n',
  ]);
  expect((await shell.run('echo still here')).output).toBe('still here');
  expect(watchVm('-mconsole', 'version').stdout).toContain('Linux');
  expect(watchVm('-stop').stdout).toContain('stopped cleanly');
  expect(existsSync(`/proc/${kernelPid}`)).toBe(false);
  expect(watchVm('-start').status).toBe(0);
}, 60_000);

test('another RUNDIR in the configuration, or in the environment, makes no second monitor', async () => {
  await bootGuest(world, 'vm1');
  const text = readFileSync(world.configPath, 'utf8');
  writeFileSync(world.configPath, text.replace(world.runDir, join(world.home, 'run2')));
  expect(world.run('umlmon', ['vm1'])).toMatchObject({ status: 5 });
  expect(watchVm('-info').stdout).toContain('running');
  expect(world.run('umlmon', ['-cleanup', 'vm1']).stderr).toContain('another monitor serves this VM');
}, 60_000);

test('the next monitor takes the guest over after a kill of the monitor, also when RUNDIR was removed', async () => {
  const { kernelPid } = await bootGuest(world, 'vm1');
  await world.killMonitor('vm1');
  rmSync(world.runDir, { recursive: true });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  expect(await client.call('info', undefined)).toMatchObject({ state: 'running', kernelPid });
  const shell = await GuestShell.again(client);
  expect((await shell.run('echo taken over')).output).toBe('taken over');
  expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({ summary: 'stopped cleanly' });
}, 60_000);

test('a socket that is removed, or replaced, is served again; connections stay', async () => {
  await world.startMonitor('vm1');
  const before = await world.client('vm1');
  const replaced = (path: string) => {
    writeFileSync(`${path}.other`, '');
    renameSync(`${path}.other`, path);
  };
  for (const name of ['ctrl', 'metrics'])
    for (const spoil of [rmSync, replaced]) {
      const { eventsNext } = await before.call('info', undefined);
      const path = join(world.varDir, 'vm1', name);
      spoil(path);
      expect(await waitForEvent(before, 'recreated', eventsNext)).toContain(`${path} was removed`);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
  expect(watchVm('-info').status).toBe(0);
  const metrics = ['--unix-socket', join(world.varDir, 'vm1/metrics'), 'http://localhost/metrics'];
  expect(spawnSync('curl', ['-s', ...metrics], { encoding: 'utf8' }).stdout).toContain('umlmon_');
  expect(await world.signalMonitor('vm1', 'SIGTERM')).toBe(0);
  for (const name of ['ctrl', 'metrics']) expect(existsSync(join(world.varDir, 'vm1', name))).toBe(false);
}, 60_000);

test('a monitor that ends leaves the pid file of another process', async () => {
  await world.startMonitor('vm1');
  const pidFile = join(world.runDir, 'vm1.pid');
  writeFileSync(pidFile, '1\n');
  expect(await world.signalMonitor('vm1', 'SIGTERM')).toBe(0);
  expect(readFileSync(pidFile, 'utf8')).toBe('1\n');
}, 60_000);
