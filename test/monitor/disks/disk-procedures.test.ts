/** The disk procedures of a real monitor with a real VM that runs. */
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { DiskRequest, Job } from '../../../src/rpc/umlmonctrl.gen.ts';
import { bigBytes, writeBigImage } from '../../helpers/guest/big-image.ts';
import { GuestShell } from '../../helpers/guest/guest.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

const world = new World();
const disks = join(world.varDir, 'vm1/jail/disks');
let client: MonitorClient;

beforeAll(async () => {
  world.configure({
    vm1: 'ubd0 = /disks/root.dsk\nubd1 = /disks/work.cow\ncon1 = pty',
    vm2: 'ubd0 = /disks/root.dsk',
  });
  world.addImage('vm1');
  world.addImage('vm2', 'other.dsk');
  world.addSharedImage();
  await world.startMonitor('vm1');
  client = await world.client('vm1');
  await done({ verb: 'cow-create', pair: { image: '/disks/work.cow', other: '/shared/disks/root.dsk' } });
  writeBigImage(join(disks, 'big.dsk'));
  await client.call('start', undefined);
});
afterAll(async () => {
  client?.close();
  await world.close();
});

async function follow(job: Job): Promise<Job> {
  let now = job;
  while (now.ended === 0)
    now = await client.call('jobWatch', { id: now.id, seen: now.progress, waitMs: 30_000 });
  return now;
}

async function run(request: DiskRequest): Promise<Job> {
  return follow(await client.call('diskRun', request));
}

async function done(request: DiskRequest): Promise<Job> {
  const job = await run(request);
  expect(job.outcome).toMatchObject({ state: 'done' });
  return job;
}

async function list(): Promise<string[]> {
  return (await client.call('diskList', { after: '', max: 256 })).images.map(({ path }) => path);
}

describe('images', () => {
  test('images of the VM and of all VMs are listed with their lock holders; those of other VMs are not', async () => {
    const { images, more, failures: warnings } = await client.call('diskList', { after: '', max: 256 });
    expect({ more, warnings }).toEqual({ more: false, warnings: [] });
    expect(images.map(({ path, holders }) => ({ path, holders }))).toEqual([
      { path: '/disks/big.dsk', holders: [] },
      { path: '/disks/root.dsk', holders: [{ holder: 'vm1', writes: true }] },
      { path: '/disks/work.cow', holders: [{ holder: 'vm1', writes: true }] },
      { path: '/shared/disks/root.dsk', holders: [{ holder: 'vm1', writes: false }] },
    ]);
    expect(images[2]?.backing).toBe('/shared/disks/root.dsk');
  });

  test('page by page', async () => {
    const paths: string[] = [];
    for (let more = true; more; ) {
      const page = await client.call('diskList', { after: paths.at(-1) ?? '', max: 1 });
      expect(page.images).toHaveLength(1);
      paths.push(...page.images.map(({ path }) => path));
      ({ more } = page);
    }
    expect(paths).toEqual(await list());
  });

  test('one of them in all detail', async () => {
    const { image, content, cow } = await client.call('diskInfo', '/disks/work.cow');
    expect(image).toMatchObject({ kind: 'cow', backing: '/shared/disks/root.dsk' });
    expect(content).toMatch(/^ext4, blocks of 4096 bytes/);
    expect(cow).toMatchObject({ format: 3, merging: false });
    await expect(client.call('diskInfo', '/disks/none.dsk')).rejects.toMatchObject({ code: 'IMAGE_MISSING' });
    await expect(client.call('diskInfo', '/etc/passwd')).rejects.toMatchObject({ code: 'CONFIG_PATH' });
  });
});

test('a new image belongs to the user of the VM', async () => {
  const sized = { image: '/disks/new.dsk', size: 64 * 2 ** 20, filesystem: true };
  const job = await done({ verb: 'create', sized });
  expect(job).toMatchObject({ name: 'create', by: 'uid 0', subject: 'vm1:/disks/new.dsk' });
  expect(statSync(join(disks, 'new.dsk'))).toMatchObject({ uid: vmUid, size: sized.size, mode: 0o100600 });
  expect((await client.call('diskInfo', '/disks/new.dsk')).content).toContain('ext4');
  expect((await run({ verb: 'create', sized })).outcome).toMatchObject({ why: { code: 'IMAGE_EXISTS' } });
  await done({ verb: 'delete', image: '/disks/new.dsk' });
});

describe('what this VM runs with', () => {
  test.each<[DiskRequest, string]>([
    [
      { verb: 'resize', sized: { image: '/disks/root.dsk', size: 2 ** 30, filesystem: false } },
      'IMAGE_IN_USE',
    ],
    [{ verb: 'delete', image: '/disks/root.dsk' }, 'IMAGE_IN_USE'],
    [{ verb: 'copy', pair: { image: '/disks/root.dsk', other: '/disks/c.dsk' } }, 'IMAGE_IN_USE'],
    [{ verb: 'cow-merge', pair: { image: '/disks/work.cow', other: '/disks/c.dsk' } }, 'IMAGE_IN_USE'],
  ])('is left alone: %j', async (request, code) => {
    expect((await run(request)).outcome).toMatchObject({
      state: 'failed',
      why: { code, cause: expect.stringContaining('open read-write by vm1') },
    });
  });

  test('also its backing file, with the chain in the error, where a client may change it', async () => {
    await done({ verb: 'cow-create', pair: { image: '/disks/over.cow', other: '/disks/big.dsk' } });
    const outcome = (await run({ verb: 'delete', image: '/disks/big.dsk' })).outcome;
    expect(outcome).toMatchObject({
      why: {
        code: 'IMAGE_IS_BACKING',
        cause: 'vm1:/disks/big.dsk is the backing file of vm1:/disks/over.cow',
      },
    });
    await done({ verb: 'delete', image: '/disks/over.cow' });
    await expect(
      client.call('diskRun', { verb: 'delete', image: '/shared/disks/root.dsk' }),
    ).rejects.toMatchObject({
      code: 'IMAGE_NOT_OWNED',
    });
  });
});

describe('shared images', () => {
  test('are not changed by a merge in place, which does not name them', async () => {
    const pair = { image: '/disks/mine.cow', other: '/shared/disks/root.dsk' };
    await done({ verb: 'cow-create', pair });
    const job = await run({ verb: 'cow-merge', pair: { image: '/disks/mine.cow', other: '' } });
    expect(job.outcome).toMatchObject({ state: 'failed', why: { code: 'IMAGE_NOT_OWNED' } });
    await done({ verb: 'cow-merge', pair: { image: '/disks/mine.cow', other: '/disks/mine.dsk' } });
    const base = readFileSync(join(world.varDir, 'shared/disks/root.dsk'));
    expect(base.equals(readFileSync(join(disks, 'mine.dsk')))).toBe(true);
    for (const image of ['/disks/mine.cow', '/disks/mine.dsk']) await done({ verb: 'delete', image });
  });

  test('that the user of the VM may not read are not read for it', async () => {
    const secret = join(world.varDir, 'shared/disks/secret.dsk');
    writeSecret(secret);
    const pair = { image: '/shared/disks/secret.dsk', other: '/disks/stolen.dsk' };
    expect((await run({ verb: 'copy', pair })).outcome).toMatchObject({ why: { code: 'IMAGE_ACCESS' } });
    await expect(client.call('diskInfo', pair.image)).rejects.toMatchObject({ code: 'IMAGE_ACCESS' });
    chmodSync(secret, 0o644);
    await done({ verb: 'copy', pair });
    await done({ verb: 'delete', image: '/disks/stolen.dsk' });
  });
});

function writeSecret(path: string): void {
  const fd = openSync(path, 'wx', 0o600);
  writeSync(fd, Buffer.alloc(8192, 1));
  closeSync(fd);
}

describe('a slow disk command', () => {
  const convert: DiskRequest = {
    verb: 'convert',
    pair: { image: '/disks/big.dsk', other: '/disks/made.dsk' },
  };
  let before: string[] = [];
  beforeEach(() => {
    before = readdirSync(disks);
  });

  /** The job when it has told of progress. */
  async function inTheMiddle(): Promise<Job> {
    const job = await client.call('diskRun', convert);
    const now = await client.call('jobWatch', { id: job.id, seen: job.progress, waitMs: 30_000 });
    expect(now).toMatchObject({ ended: 0, total: bigBytes });
    expect(now.done).toBeGreaterThan(0);
    expect(now.done).toBeLessThan(bigBytes);
    return now;
  }

  test('reports its progress; the VM and its console continue; a later client sees its result', async () => {
    const { id } = await inTheMiddle();
    const shell = await GuestShell.open(client);
    expect((await shell.run('echo $((6*7))')).output).toBe('42');
    client.close();
    client = await world.client('vm1');
    const job = await follow(await client.call('jobWatch', { id, seen: 0, waitMs: 0 }));
    expect(job).toMatchObject({ done: bigBytes, outcome: { state: 'done', result: { bytes: bigBytes } } });
    expect((await client.call('jobList', undefined)).jobs.at(-1)).toEqual(job);
    const { events } = await client.call('events', { since: 1, max: 64, waitMs: 0 });
    expect(events.filter(({ kind }) => kind.startsWith('job-')).length).toBeGreaterThan(2);
    await done({ verb: 'delete', image: '/disks/made.dsk' });
  });

  test('cancelled in the middle leaves nothing, and no lock', async () => {
    const { id } = await inTheMiddle();
    expect(await client.call('jobCancel', id)).toMatchObject({ cancelling: true });
    const job = await follow(await client.call('jobWatch', { id, seen: 0, waitMs: 0 }));
    expect(job.outcome).toEqual({ state: 'cancelled' });
    expect(readdirSync(disks)).toEqual(before);
    const { images } = await client.call('diskList', { after: '', max: 256 });
    expect(images.find(({ path }) => path === '/disks/big.dsk')?.holders).toEqual([]);
  });

  test('two at a time that want the same image: one is refused', async () => {
    const { id } = await inTheMiddle();
    const sized = { image: '/disks/big.dsk', size: 2 * bigBytes, filesystem: false };
    expect((await run({ verb: 'resize', sized })).outcome).toMatchObject({
      why: { code: 'IMAGE_IN_USE', cause: expect.stringMatching(/open read-only by @vm1\.\d+/) },
    });
    await client.call('jobCancel', id);
    await follow(await client.call('jobWatch', { id, seen: 0, waitMs: 0 }));
  });

  test('is cancelled when the monitor shuts down', async () => {
    const { id } = await inTheMiddle();
    const watch = client.call('jobWatch', { id, seen: Number.MAX_SAFE_INTEGER, waitMs: 60_000 });
    const status = world.signalMonitor('vm1', 'SIGQUIT');
    expect((await watch).outcome).toEqual({ state: 'cancelled' });
    expect(await status).toBe(0);
    expect(readdirSync(disks)).toEqual(before);
    client.close();
    await world.startMonitor('vm1');
    client = await world.client('vm1');
    expect((await client.call('info', undefined)).state).toBe('running');
  });

  test('killed with its monitor leaves the old or the new image, and nothing that prevents the next command', async () => {
    await inTheMiddle();
    await world.killMonitor('vm1');
    expect(readdirSync(disks)).toEqual(before);
    client.close();
    await world.startMonitor('vm1');
    client = await world.client('vm1');
    expect((await client.call('jobList', undefined)).jobs).toEqual([]);
    await done(convert);
    expect(existsSync(join(disks, 'made.dsk'))).toBe(true);
    await done({ verb: 'delete', image: '/disks/made.dsk' });
  });
});
