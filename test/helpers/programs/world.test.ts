/** World.close after a test that has failed midway. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { World } from './world.ts';
import { endProcessesOf, processesOf } from './world-processes.ts';

const section = 'mem = 64M\nubd0 = /disks/root.dsk';
let world: World | undefined;

afterEach(() => world?.close());

async function running(within: readonly string[] = []): Promise<World> {
  world = new World(within);
  world.configure({ vm1: section });
  world.addImage('vm1');
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0 });
  return world;
}

test('a monitor whose wrapper takes the signals ends with its world', async () => {
  const of = await running(['sh', '-c', 'exec bwrap --dev-bind / / --cap-add ALL -- "$@"', 'sh']);
  await of.close();
  expect(processesOf(of.home)).toEqual([]);
  expect(existsSync(of.home)).toBe(false);
});

test('a guest whose monitor was killed ends with its world', async () => {
  const of = await running();
  await of.killMonitor('vm1');
  expect(processesOf(of.home).length).toBeGreaterThan(1);
  await of.close();
  expect(processesOf(of.home)).toEqual([]);
});

test('processes that name a directory, or have a file in it open, end, and no others', async () => {
  world = new World();
  const fd = openSync(join(world.home, 'held'), 'w');
  const holder = spawn('sleep', ['1000'], { stdio: ['ignore', fd, 'ignore'] });
  const named = spawn('tail', ['-F', join(world.home, 'x')], { stdio: 'ignore' });
  const stranger = spawn('sleep', ['1000'], { stdio: 'ignore', cwd: '/' });
  await expect
    .poll(() => processesOf(world?.home ?? ''))
    .toEqual(expect.arrayContaining([holder.pid, named.pid]));
  await endProcessesOf(world.home);
  expect(processesOf(world.home)).toEqual([]);
  expect(spawnSync('kill', ['-0', String(stranger.pid)]).status).toBe(0);
  stranger.kill('SIGKILL');
});
