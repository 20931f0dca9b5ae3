/** Images of a hostile VM, through real monitors: a header that changes all the time, and 50,000 files. */
import { chmodSync, chownSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { DiskRequest, Job } from '../../../src/rpc/umlmonctrl.gen.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { makeImage } from '../../disk/cow/oracle.ts';
import { writeCowHeader } from '../../disk/cow/sample-file.ts';
import { HeaderFlipper } from '../../helpers/hostile/header-flipper.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';
import { rounds } from '../../helpers/rounds.ts';

const size = 64 * 1024;
const mtime = 1_000_000_000;
const world = new World();
const disks = (vm: string) => join(world.varDir, vm, 'jail/disks');
const golden = join(world.varDir, 'shared/disks/golden.dsk');
const clients = new Map<string, MonitorClient>();

beforeAll(async () => {
  world.configure({
    vm1: 'ubd0 = /disks/root.dsk',
    vm2: 'ubd0 = /disks/root.cow\nubd1 = /shared/disks/golden.dsk ro',
    vm3: 'ubd0 = /disks/root.dsk\nubd1 = /shared/disks/data.dsk',
  });
  for (const vm of ['vm1', 'vm3']) world.addImage(vm);
  world.addSharedImage();
  makeImage(golden, size, [[0, size]]);
  makeImage(join(world.varDir, 'shared/disks/data.dsk'), size, [[0, size]]);
  chownSync(join(world.varDir, 'shared/disks/data.dsk'), vmUid, vmUid);
  utimesSync(golden, mtime, mtime);
  for (const vm of ['vm1', 'vm2', 'vm3']) {
    await world.startMonitor(vm);
    clients.set(vm, await world.client(vm));
  }
  const pair = { image: '/disks/root.cow', other: '/shared/disks/root.dsk' };
  expect(await run('vm2', { verb: 'cow-create', pair })).toMatchObject({ outcome: { state: 'done' } });
});
afterAll(() => world.close());

function client(vm: string): MonitorClient {
  const found = clients.get(vm);
  if (!found) throw new Error(`no client of ${vm}`);
  return found;
}

async function run(vm: string, request: DiskRequest): Promise<Job> {
  let job = await client(vm).call('diskRun', request);
  while (job.ended === 0)
    job = await client(vm).call('jobWatch', { id: job.id, seen: job.progress, waitMs: 30_000 });
  return job;
}

const codeOf = ({ outcome }: Job) => (outcome.state === 'failed' ? outcome.why.code : outcome.state);

/** The longest time in milliseconds that the monitor of a VM does not answer during a work. */
async function longestPause(vm: string, work: () => Promise<void>): Promise<number> {
  const asking = await world.client(vm);
  let longest = 0;
  let ended = false;
  const asked = (async () => {
    while (!ended) {
      const began = performance.now();
      await asking.call('jobList', undefined);
      longest = Math.max(longest, performance.now() - began);
    }
  })();
  await work().finally(() => {
    ended = true;
  });
  await asked;
  asking.close();
  return longest;
}

test('merges in place, requested by a client, never write to a shared image', async () => {
  const [cow, mine] = [join(disks('vm1'), 'e.cow'), join(disks('vm1'), 'mine.dsk')];
  makeImage(mine, size, [[0, size]]);
  const again = () => {
    utimesSync(mine, mtime, mtime);
    writeCowHeader(cow, { stored: '/disks/mine.dsk', size, mtime });
    chownSync(cow, vmUid, vmUid);
  };
  again();
  chownSync(mine, vmUid, vmUid);
  const before = readFileSync(golden);
  const paths = ['/disks/mine.dsk', '/shared/disks/golden.dsk'];
  // The user of the VM, who can pass here only by what the kernel of the VM has open.
  for (const directory of [
    world.varDir,
    join(world.varDir, 'vm1'),
    join(world.varDir, 'vm1/jail'),
    disks('vm1'),
  ])
    chmodSync(directory, 0o755);
  const flipper = HeaderFlipper.start(world.home, cow, { uid: vmUid, size, mtime, paths });
  const ends = new Map<string, number>();
  try {
    for (let i = 0; i < rounds(500, 2_000); i++) {
      const request: DiskRequest = { verb: 'cow-merge', pair: { image: '/disks/e.cow', other: '' } };
      const end = await run('vm1', request).then(codeOf, (error: unknown) => toFailure(error).code);
      ends.set(end, (ends.get(end) ?? 0) + 1);
      if (end === 'done') again();
    }
  } finally {
    await flipper.stop();
  }
  console.log([...ends]);
  expect(readFileSync(golden).equals(before)).toBe(true);
  for (const end of ['done', 'IMAGE_NOT_OWNED']) expect(ends.get(end), end).toBeGreaterThan(1);
}, 300_000);

test('a VM with 50,000 files: other VMs start, and their disk commands work; images on which it may depend are not written', async () => {
  const crowd = join(disks('vm1'), 'own');
  mkdirSync(crowd);
  for (let i = 0; i < 50_000; i++) writeFileSync(join(crowd, `f${i}.cow`), '');
  chownSync(crowd, vmUid, vmUid);

  const began = performance.now();
  await client('vm2').call('start', undefined);
  console.log(`start of vm2 in ${(performance.now() - began).toFixed(0)} ms`);
  const pair = { image: '/shared/disks/golden.dsk', other: '/disks/copy.dsk' };
  const pauses: number[] = [];
  for (let round = 0; round < 5; round++)
    pauses.push(
      await longestPause('vm2', async () => {
        expect(codeOf(await run('vm2', { verb: 'copy', pair }))).toBe('done');
        expect(codeOf(await run('vm2', { verb: 'delete', image: '/disks/copy.dsk' }))).toBe('done');
        expect((await client('vm2').call('diskList', { after: '', max: 256 })).failures).toEqual([]);
      }),
    );
  console.log(`vm2 did not answer for ${pauses.map((pause) => pause.toFixed(1)).join(', ')} ms at most`);
  // Of a host that is busy with something else, the quietest round tells.
  expect(Math.min(...pauses)).toBeLessThan(20);

  const create = { verb: 'create', sized: { image: '/disks/new.dsk', size, filesystem: false } } as const;
  expect(codeOf(await run('vm1', create))).toBe('IMAGE_UNKNOWN');
  await expect(client('vm1').call('start', undefined)).rejects.toMatchObject({
    message: expect.stringContaining('the directory has more than 5000 files'),
  });
  // It writes to a shared image, over which one of the 50,000 may be a COW image.
  await expect(client('vm3').call('start', undefined)).rejects.toMatchObject({
    message: expect.stringContaining('the images of vm1 cannot all be read'),
  });
  const { status, stderr } = world.run('umladmin', ['disk', 'resize', '/shared/disks/data.dsk', '1M']);
  expect([status, stderr]).toEqual([1, expect.stringContaining('the images of vm1 cannot all be read')]);
}, 120_000);
