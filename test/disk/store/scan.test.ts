import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ImageLocks } from '../../../src/disk/locks/image-lock.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { lookAtImage } from '../../../src/disk/names/open-image.ts';
import { dependantText, othersHolding } from '../../../src/disk/store/graph.ts';
import { scanImages } from '../../../src/disk/store/scan.ts';
import { writeCow } from '../cow/sample-file.ts';
import { TestStore } from './store.ts';

let store: TestStore;
const base: ImageName = { vm: '', path: '/shared/disks/base.dsk' };
const web: ImageName = { vm: 'vm2', path: '/disks/web.cow' };

beforeEach(() => {
  store = new TestStore();
});

afterEach(() => store.close());

test('a host without images, and one without directories', async () => {
  expect(await scanImages(store)).toMatchObject({ graph: { images: new Map() }, warnings: [] });
  mkdirSync(store.varDir);
  writeFileSync(join(store.varDir, 'a-file'), '');
  mkdirSync(join(store.varDir, 'vm-that-never-ran'));
  expect((await scanImages(store)).warnings).toEqual([]);
});

test('images of all VMs, links between them, and their holders', async () => {
  const basePath = store.add(base, 1024 * 1024);
  writeCow(imagePathOnHost(web, store), base.path, basePath);
  store.add({ vm: 'vm1', path: '/disks/sub/dir/root.dsk' });
  linkSync(basePath, join(store.varDir, 'vm1/jail/disks/link.dsk'));
  writeFileSync(join(store.varDir, 'vm1/jail/disks/notes.txt'), 'no image');
  const id = lookAtImage(web, store).id;
  const locks = await ImageLocks.take(store, 'vm2', [{ image: web, mode: 'rw', id }]);
  const { graph, warnings } = await scanImages(store);
  locks.close();
  expect(warnings).toEqual([]);
  expect([...graph.ids.keys()].sort()).toEqual([
    '/shared/disks/base.dsk',
    'vm1:/disks/link.dsk',
    'vm1:/disks/sub/dir/root.dsk',
    'vm2:/disks/web.cow',
  ]);
  expect(graph.images.size).toBe(3);
  expect(dependantText(graph, lookAtImage(base, store).id)).toBe(
    '/shared/disks/base.dsk is the backing file of vm2:/disks/web.cow, open read-write by vm2',
  );
  expect(othersHolding(graph, id, 'vm1')).toEqual([{ holder: 'vm2', id, mode: 'rw' }]);
  expect(othersHolding((await scanImages(store)).graph, id, 'vm1')).toEqual([]);
});

test('uml_mkcow: the backing file is found by its host path', async () => {
  const basePath = store.add(base, 1024 * 1024);
  store.add(web);
  execFileSync('sh', ['-c', 'rm "$1"; uml_mkcow "$1" "$0"', basePath, imagePathOnHost(web, store)]);
  const { graph } = await scanImages(store);
  expect(dependantText(graph, lookAtImage(base, store).id)).toBe(
    '/shared/disks/base.dsk is the backing file of vm2:/disks/web.cow',
  );
});

test('unreadable files and other formats are reported, and the rest is listed', async () => {
  store.add(base);
  const disks = join(store.varDir, 'vm1/jail/disks');
  mkdirSync(join(disks, 'dir.dsk'), { recursive: true });
  symlinkSync('/etc/passwd', join(disks, 'link.dsk'));
  execFileSync('mkfifo', [join(disks, 'fifo.cow')]);
  writeFileSync(join(disks, 'file.dev'), '');
  writeFileSync(join(disks, 'short.cow'), 'OOOM');
  let deep = join(disks, 'deep');
  for (let i = 0; i < 12; i++) deep = join(deep, 'd');
  mkdirSync(deep, { recursive: true });
  chmodSync(store.varDir, 0o755);
  const { graph, warnings } = await scanImages(store);
  expect(warnings.map(({ place }) => place.slice(disks.length + 1)).sort()).toEqual([
    'deep/d/d/d/d/d/d/d/d',
    'fifo.cow',
    'file.dev',
    'link.dsk',
  ]);
  expect(graph.ids.has('/shared/disks/base.dsk')).toBe(true);
  expect(graph.images.get(graph.ids.get('vm1:/disks/short.cow') ?? '')?.header).toBe(
    'not a COW file: the magic number is missing',
  );
});

test('1,000 images, half of them COW, are scanned as a whole', async () => {
  const basePath = store.add(base, 1024 * 1024);
  for (let i = 0; i < 500; i++) {
    const vm = `vm${i % 50}`;
    store.add({ vm, path: `/disks/flat${i}.dsk` });
    writeCow(imagePathOnHost({ vm, path: `/disks/c${i}.cow` }, store), base.path, basePath);
  }
  const began = performance.now();
  const { graph } = await scanImages(store);
  console.log(`1,001 images in ${(performance.now() - began).toFixed(1)} ms`);
  expect(graph.images.size).toBe(1001);
  expect(graph.dependants.get(lookAtImage(base, store).id)).toHaveLength(500);
});
