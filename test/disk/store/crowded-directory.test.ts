/** A VM with 50,000 files in its directory of images: the effects on other VMs. */
import '../../helpers/tiers/needs-host.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DiskCommand } from '../../../src/disk/commands/command-types.ts';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { listImages } from '../../../src/disk/store/list.ts';
import { scanImages } from '../../../src/disk/store/scan.ts';
import { diskLimits } from '../../../src/system/limits/limits.ts';
import { administrator, client } from '../commands/callers.ts';
import { writeCow } from '../cow/sample-file.ts';
import { TestStore } from './store.ts';

const MiB = 1024 ** 2;
const base: ImageName = { vm: '', path: '/shared/disks/base.dsk' };
const free: ImageName = { vm: '', path: '/shared/disks/free.dsk' };
const own = (vm: string, file: string): ImageName => ({ vm, path: `/disks/${file}` });

const store = new TestStore();
let crowd = '';
beforeAll(() => {
  for (const name of [base, free, own('vm2', 'root.dsk')]) store.add(name, MiB);
  writeCow(imagePathOnHost(own('vm1', 'a.cow'), store), base.path, imagePathOnHost(base, store));
  crowd = join(store.varDir, 'vm1/jail/disks/own');
  mkdirSync(crowd);
  const header = Buffer.alloc(8192, 1);
  for (let i = 0; i < 50_000; i++) writeFileSync(join(crowd, `f${i}.cow`), i < 10_000 ? header : '');
}, 120_000);
afterAll(() => store.close());

/** The most CPU time in milliseconds that this process needs between two turns of its event loop, during a work. */
async function longestTurn(work: Promise<unknown>): Promise<number> {
  let longest = 0;
  let ended = false;
  let before = process.cpuUsage();
  const turn = () => {
    const { user, system } = process.cpuUsage(before);
    longest = Math.max(longest, (user + system) / 1000);
    before = process.cpuUsage();
    if (!ended) setImmediate(turn);
  };
  setImmediate(turn);
  await work.finally(() => {
    ended = true;
  });
  return longest;
}

test('a scan of all images blocks the event loop for less than 20 ms, and reads up to the limit of files of the VM', async () => {
  const pauses: number[] = [];
  // Time of the threads that compile and collect garbage counts too: the quietest round tells.
  for (let round = 0; round < 4; round++) {
    const began = performance.now();
    const pause = await longestTurn(scanImages(store));
    console.log(
      `${(performance.now() - began).toFixed(0)} ms, ${pause.toFixed(1)} ms of CPU time in one turn`,
    );
    pauses.push(pause);
  }
  expect(Math.min(...pauses)).toBeLessThan(20);
  const { graph, warnings } = await scanImages(store);
  expect(graph.images.size).toBeLessThan(diskLimits.scanFiles + 10);
  expect(graph.unknown.images.get('vm1')).toContain('more than 5000 files');
  expect(warnings.map(({ code }) => code)).toContain('IMAGE_UNKNOWN');
  expect([...graph.unknown.images.keys()]).toEqual(['vm1']);
});

test('a scan of the images of another VM does not read them', async () => {
  const { graph, warnings } = await scanImages(store, new Set(['vm2']));
  expect([...graph.ids.keys()].sort()).toEqual([base.path, free.path, 'vm2:/disks/root.dsk']);
  expect(warnings).toEqual([]);
});

test('commands of another VM are executed, those that may depend on this one are refused', async () => {
  const owner = { uid: 0, gid: 0, mode: 0o600 };
  const host = (vm: string) => ({ store, by: `@${vm}.1`, owner, caller: client(vm) });
  const done: DiskCommand[] = [
    { verb: 'create', image: own('vm2', 'new.dsk'), size: MiB },
    { verb: 'copy', image: base, target: own('vm2', 'copy.dsk') },
    { verb: 'cow-create', image: own('vm2', 'w.cow'), backing: base },
    { verb: 'resize', image: own('vm2', 'new.dsk'), size: 2 * MiB },
    { verb: 'snapshot', image: own('vm2', 'root.dsk'), name: 'a' },
    { verb: 'rollback', image: own('vm2', 'root.dsk'), name: 'a' },
    { verb: 'snapshot-delete', image: own('vm2', 'root.dsk'), name: 'a' },
    { verb: 'cow-rebase', image: own('vm2', 'w.cow'), backing: own('vm2', 'copy.dsk') },
    { verb: 'cow-merge', image: own('vm2', 'w.cow') },
    { verb: 'delete', image: own('vm2', 'w.cow') },
  ];
  for (const request of done) await runDiskCommand(request, host('vm2'));
  for (const request of [
    { verb: 'create', image: own('vm1', 'new.dsk'), size: MiB },
    { verb: 'delete', image: own('vm1', 'a.cow') },
  ] satisfies DiskCommand[])
    await expect(runDiskCommand(request, host('vm1')), request.verb).rejects.toMatchObject({
      code: 'IMAGE_UNKNOWN',
    });
  for (const image of [free, base])
    await expect(
      runDiskCommand({ verb: 'delete', image }, { store, by: '@umladmin.1', owner, caller: administrator }),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/^IMAGE_(?:UNKNOWN|IS_BACKING)$/),
      message: expect.stringMatching(/vm1/),
    });
  const { images } = await listImages(store);
  expect(images.filter(({ name }) => name.vm === 'vm2')).not.toEqual([]);
});
