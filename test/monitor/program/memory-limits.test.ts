/** A real cgroup, of whichever version this host has: its limit counts at a start, and is named after its kill. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { program, World } from '../../helpers/programs/world.ts';

const MiB = 1024 ** 2;
const isOld = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes');
const above = isOld ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup';
const limitFile = isOld ? 'memory.limit_in_bytes' : 'memory.max';
const name = `umlmon-test-${process.pid}`;
const group = join(above, name);
const vm1 = 'mem = 256M\nubd0 = /disks/root.dsk\non_crash = stop';

let world: World;
beforeEach(() => {
  mkdirSync(group);
  world = new World(['sh', '-c', `echo $$ >${group}/cgroup.procs; exec "$@"`, 'sh']);
  world.addImage('vm1');
  world.configure({ vm1 });
});
afterEach(async () => {
  await world.close();
  // What has ended there leaves it a moment later.
  await expect.poll(() => readFileSync(join(group, 'cgroup.procs'), 'latin1')).toBe('');
  rmdirSync(group);
});

const limitTo = (mebibytes: number) => writeFileSync(join(group, limitFile), String(mebibytes * MiB));

test('a start, -check, doctor and umlrun refuse more memory than a cgroup leaves, and name it', async () => {
  limitTo(200);
  const why = new RegExp(`the limit 200 MiB of cgroup /${name}`);
  const check = world.run('umlmon', ['-check']);
  expect([check.status, check.stderr]).toEqual([3, expect.stringMatching(why)]);
  const doctor = world.run('umladmin', ['doctor']);
  expect([doctor.status, doctor.stdout]).toEqual([2, expect.stringMatching(why)]);
  await world.startMonitor('vm1');
  const start = world.run('umlwatch', ['vm1', '-start']);
  expect([start.status, start.stderr]).toEqual([6, expect.stringMatching(why)]);
  const inGroup = `echo $$ >${group}/cgroup.procs; exec "$@"`;
  const words = ['-config', world.configPath, '-mem', '256M', '-root', '/', '--', 'true'];
  const run = spawnSync('sh', ['-c', inGroup, 'sh', program('umlrun'), ...words], { encoding: 'utf8' });
  expect([run.status, run.stderr]).toEqual([125, expect.stringMatching(why)]);
});

test('the exit of a kernel that a cgroup ended names the cgroup', async () => {
  limitTo(600);
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0 });
  const client = await world.client('vm1');
  // Its memory is the guest's by the time at which it is needed.
  expect(world.run('umlwatch', ['vm1', '-run', 'echo up'])).toMatchObject({ status: 0 });
  limitTo(200);
  world.run('umlwatch', ['vm1', '-send', 'dd if=/dev/zero of=/dev/null bs=220M count=1\\r']);
  const lastExit = async () => (await client.call('info', undefined)).lastExit;
  await expect.poll(lastExit, { timeout: 30_000 }).toMatchObject({
    cause: 'crash',
    signal: 9,
    why: `out of memory: the limit 200 MiB of cgroup /${name}`,
  });
  expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(/why +out of memory: the limit 200 MiB/);
  expect(world.run('umlwatch', ['vm1', '-crash']).stdout).toMatch(/of the limit 200 MiB of cgroup/);
});
