/** A death nobody asked for leaves one directory. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;
let crashes: string;

beforeEach(() => {
  world = new World();
  crashes = join(world.varDir, 'vm1/crashes');
});

afterEach(async () => {
  spawnSync('umount', ['-q', crashes]);
  await world.close();
});

async function monitorOf(text = ''): Promise<MonitorClient> {
  world.configure({ vm1: `ubd0 = /disks/root.dsk\ncon1 = pty log\n${text}` });
  world.addImage('vm1');
  await world.startMonitor('vm1');
  return world.client('vm1');
}

/** Starts the VM and returns the number of the next event. */
async function boot(client: MonitorClient): Promise<number> {
  const { eventsNext } = await client.call('info', undefined);
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message', eventsNext);
  return (await client.call('info', undefined)).eventsNext;
}

async function killKernel(client: MonitorClient): Promise<void> {
  process.kill((await client.call('info', undefined)).kernelPid, 'SIGKILL');
}

const names = () => readdirSync(crashes).sort();
const read = (bundle: string, file: string) => readFileSync(join(bundle, file), 'utf8');

test('a bundle of a panic has all known facts, and no secret', async () => {
  const client = await monitorOf('append = password=hunter22secret "token=two words8" plain=visible');
  const since = await boot(client);
  const shell = await GuestShell.open(client);
  await shell.run('echo before-the-crash; cat /proc/cmdline');
  await shell.type('echo c > /proc/sysrq-trigger\r');
  const path = await waitForEvent(client, 'crash-bundle', since);
  const { lastExit } = await client.call('info', undefined);
  expect(lastExit).toMatchObject({ cause: 'crash', bundle: path });
  expect(names().map((name) => join(crashes, name))).toEqual([path]);

  expect(JSON.parse(read(path, 'exit.json'))).toMatchObject({
    cause: 'crash',
    signal: 6,
    panic: 'sysrq triggered crash',
  });
  const plan = JSON.parse(read(path, 'plan.json'));
  expect(plan.kernel.arguments).toContain('password=***');
  expect(plan.kernel.arguments).toContain('plain=visible');
  expect(Object.values(plan.sandbox.environment)).toEqual(['***']);
  expect(read(path, 'console/con0')).toMatch(/Linux version [\s\S]*Kernel panic - not syncing: sysrq/);
  expect(read(path, 'console/con0')).toContain('password=***');
  expect(read(path, 'console/con1')).toContain('before-the-crash');
  expect(read(path, 'screen.txt')).toContain('Kernel panic - not syncing: sysrq');
  // The pictures come when they are drawn, and are in the list then.
  const listed = async () =>
    (await client.call('crashList', undefined)).bundles[0]?.files.map((file) => file.path);
  await expect
    .poll(listed, { timeout: 20_000 })
    .toEqual(expect.arrayContaining(['console/con0.txt', 'console/con1.txt']));
  expect(read(path, 'console/con1.txt')).toContain('before-the-crash\n');
  expect(read(path, 'console/con1.txt')).toContain('password=***');
  const events = read(path, 'events.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.at(0).kind).toBe('monitor-started');
  expect(events.slice(-2).map(({ kind }) => kind)).toEqual(['panic', 'exit']);
  const image = join(world.varDir, 'vm1/jail/disks/root.dsk');
  expect(JSON.parse(read(path, 'host.json'))).toMatchObject({
    memory: { MemTotal: expect.any(Number) },
    images: [{ unit: 0, path: image, size: statSync(image).size }],
    fileSystems: [{ of: 'logs' }, { of: 'state' }, { of: 'images' }],
  });
  expect(JSON.parse(read(path, 'config.json'))).toContainEqual(
    expect.objectContaining({ key: 'ubd0', value: '/disks/root.dsk' }),
  );
  const secrets = spawnSync('grep', ['-rlE', 'hunter22|words8', path], { encoding: 'utf8' });
  expect(secrets).toMatchObject({ status: 1, stdout: '' });

  const modes = spawnSync('find', [path, '-printf', '%y %m %U\\n'], { encoding: 'utf8' }).stdout;
  expect(new Set(modes.trimEnd().split('\n'))).toEqual(new Set(['d 750 0', 'f 640 0']));

  const list = world.run('umlwatch', ['vm1', '-crashes']);
  expect(list.stdout).toMatch(/^2\d\d\d-\S+Z {2}\S+ \S+ {2}crash {2}\S+ KiB {2}sysrq triggered crash\n$/);
  const summary = world.run('umlwatch', ['vm1', '-crash']);
  expect(summary.stdout).toMatch(
    /^vm1: crash at [\s\S]*panic {5}sysrq triggered crash[\s\S]*ubd0 \S*root\.dsk/,
  );
  expect(summary.stdout).toContain('Kernel panic - not syncing: sysrq');
  expect(world.run('umlwatch', ['vm1', '-crash', 'last', '-get', 'console/con0']).stdout).toBe(
    read(path, 'console/con0'),
  );
  expect(JSON.parse(world.run('umlwatch', ['-json', 'vm1', '-crashes']).stdout)).toMatchObject({
    bundles: [{ panic: 'sysrq triggered crash', cause: 'crash' }],
    lost: 0,
  });
  expect(world.run('umlwatch', ['vm1', '-crash', '-get', '../../ctrl']).stderr).toContain(
    'the crash bundle, or its file ../../ctrl, does not exist',
  );
});

test('a requested stop makes no bundle', async () => {
  const client = await monitorOf();
  await boot(client);
  await client.call('stop', { timeoutMs: 0 });
  const since = await boot(client);
  await (await GuestShell.open(client)).type('reboot\r');
  await waitForEvent(client, 'guest-message', since);
  await client.call('kill', undefined);
  const again = await boot(client);
  await (await GuestShell.open(client)).type('poweroff\r');
  expect(await waitForEvent(client, 'exit', again)).toBe('poweroff');
  expect(names()).toEqual([]);
  expect(world.run('umlwatch', ['vm1', '-crash'])).toMatchObject({ status: 1, stdout: '' });
});

test('every killed kernel leaves a bundle; the first of the loop and the newest stay, also after a clean-up', async () => {
  const client = await monitorOf('crash_bundles = 3');
  const paths: string[] = [];
  for (let i = 0; i < 5; i++) {
    const since = await boot(client);
    await killKernel(client);
    paths.push(await waitForEvent(client, 'crash-bundle', since));
  }
  const expected = [0, 3, 4].map((i) => paths[i]?.split('/').at(-1));
  expect(names()).toEqual(expected);
  expect(JSON.parse(read(paths[4] ?? '', 'exit.json'))).toMatchObject({
    cause: 'crash',
    signal: 9,
    panic: '',
  });
  await world.killMonitor('vm1');
  expect(world.run('umlmon', ['-cleanup', 'vm1']).status).toBe(0);
  expect(names()).toEqual(expected);
});

test('the newest bundle stays, also when the clock was set back since the others', async () => {
  const client = await monitorOf('crash_bundles = 2');
  for (const day of ['01', '02']) {
    const name = `2199-01-${day}T00-00-00Z`;
    const endedAt = Date.UTC(2199, 0, Number(day));
    mkdirSync(join(crashes, name), { recursive: true });
    const manifest = { name, series: name, endedAt, cause: 'crash', panic: '', files: [] };
    writeFileSync(join(crashes, name, 'bundle.json'), JSON.stringify(manifest));
  }
  const since = await boot(client);
  await killKernel(client);
  const path = await waitForEvent(client, 'crash-bundle', since);
  await expect.poll(async () => (await client.call('info', undefined)).state).toBe('stopped');
  expect(names()).toEqual([path.split('/').at(-1), '2199-01-02T00-00-00Z']);
});

test('crash_bundles = 0 keeps none', async () => {
  const client = await monitorOf('crash_bundles = 0');
  const since = await boot(client);
  await killKernel(client);
  await waitForEvent(client, 'exit', since);
  expect((await client.call('info', undefined)).lastExit).toMatchObject({ cause: 'crash', bundle: '' });
  expect(names()).toEqual([]);
});

test('a full disk prevents only the bundle; with free space there are bundles again', async () => {
  const client = await monitorOf('on_crash = restart');
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', crashes]).status).toBe(0);
  writeFileSync(join(crashes, 'ballast'), Buffer.alloc(56 * 1024));
  const since = await boot(client);
  await killKernel(client);
  expect(await waitForEvent(client, 'warning', since)).toMatch(
    /crashes: cannot write a crash bundle \(1 since the monitor started\): ENOSPC/,
  );
  await waitForEvent(client, 'guest-message', since);
  expect(names()).toEqual(['ballast']);
  expect(await client.call('crashList', undefined)).toEqual({ bundles: [], lost: 1 });

  spawnSync('mount', ['-o', 'remount,size=4m', crashes]);
  const { eventsNext } = await client.call('info', undefined);
  await killKernel(client);
  await waitForEvent(client, 'crash-bundle', eventsNext);
  expect(names()).toHaveLength(2);
});

test('half a bundle of a killed monitor is removed by the next one', async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
  const draft = join(crashes, '.draft');
  mkdirSync(join(draft, 'console'), { recursive: true });
  writeFileSync(join(draft, 'console/con0'), 'half');
  await monitorOf();
  expect(existsSync(draft)).toBe(false);
  rmSync(crashes, { recursive: true });
});

test('a crash of a kernel after a takeover has a bundle too', async () => {
  const client = await monitorOf();
  await boot(client);
  client.close();
  await world.killMonitor('vm1');
  await world.startMonitor('vm1');
  const next = await world.client('vm1');
  await killKernel(next);
  const path = await waitForEvent(next, 'crash-bundle');
  expect(JSON.parse(read(path, 'plan.json')).vm).toBe('vm1');
});
