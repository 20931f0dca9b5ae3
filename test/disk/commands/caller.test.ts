/** The rights of callers on images, also on images that only a header names, which a guest may have written. */
import { chmodSync, chownSync, existsSync, linkSync, mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiskCommand, ImageCaller, Question } from '../../../src/disk/commands/command-types.ts';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { describeImage } from '../../../src/disk/store/describe.ts';
import { listForClient } from '../../../src/disk/store/list.ts';
import { nobody } from '../../helpers/programs/world.ts';
import { makeImage, writeSectors } from '../cow/oracle.ts';
import { writeCowHeader } from '../cow/sample-file.ts';
import { TestStore } from '../store/store.ts';
import { client } from './callers.ts';

const size = 64 * 1024;
const mtime = 1_000_000_000;
const own = (file: string): ImageName => ({ vm: 'vm1', path: `/disks/${file}` });
const shared = (file: string): ImageName => ({ vm: '', path: `/shared/disks/${file}` });
const [cow, mine, out] = [own('e.cow'), own('mine.dsk'), own('out.dsk')];
const [golden, secret, hidden] = [shared('golden.dsk'), shared('secret.dsk'), shared('closed/base.dsk')];

let store: TestStore;
const path = (name: ImageName) => imagePathOnHost(name, store);

beforeEach(() => {
  store = new TestStore();
  for (const name of [mine, golden, secret, hidden]) {
    makeImage(store.add(name), size, [[0, size]]);
    utimesSync(path(name), mtime, mtime);
  }
  chownSync(path(mine), nobody, nobody);
  chmodSync(path(secret), 0o600);
  chmodSync(dirname(path(hidden)), 0o700);
  nameBacking(mine);
});
afterEach(() => store.close());

/** An action that a guest's kernel can do at any time. */
function nameBacking({ path: stored }: ImageName): void {
  writeCowHeader(path(cow), { stored, size, mtime });
  writeSectors(path(cow), size, [0, 1]);
  chownSync(path(cow), nobody, nobody);
}

const owner = { uid: nobody, gid: nobody, mode: 0o600 };
const run = (request: DiskCommand, caller: ImageCaller = client('vm1', nobody)) =>
  runDiskCommand(request, { store, by: '@vm1.1', owner, caller });

/** Every disk command that reads the backing file of a COW image. */
const following: readonly DiskCommand[] = [
  { verb: 'convert', image: cow, target: out },
  { verb: 'check', image: cow },
  { verb: 'cow-merge', image: cow, target: out },
  { verb: 'cow-rebase', image: cow, backing: mine },
];

describe('a client of a VM', () => {
  describe.each<[string, ImageName]>([
    ['of root alone', secret],
    ['in a directory that the user of the VM cannot pass', hidden],
  ])('a header that names an image %s', (_, target) => {
    test.each(following.map((request): [string, DiskCommand] => [request.verb, request]))(
      '%s',
      async (_, request) => {
        nameBacking(target);
        await expect(run(request)).rejects.toMatchObject({ code: 'IMAGE_ACCESS' });
        expect(existsSync(path(out))).toBe(false);
      },
    );

    test('a header that names a file the user cannot read: merged in place, and reported', async () => {
      nameBacking(target);
      const before = readFileSync(path(target));
      await expect(run({ verb: 'cow-merge', image: cow })).rejects.toMatchObject({ code: 'IMAGE_NOT_OWNED' });
      expect(readFileSync(path(target)).equals(before)).toBe(true);
      for (const image of [cow, target])
        await expect(describeImage(store, image, client('vm1', nobody))).rejects.toMatchObject({
          code: 'IMAGE_ACCESS',
        });
    });

    test.each<[string, DiskCommand]>([
      ['copy', { verb: 'copy', image: target, target: out }],
      ['convert', { verb: 'convert', image: target, target: out }],
      ['check', { verb: 'check', image: target }],
      ['cow-create', { verb: 'cow-create', image: own('new.cow'), backing: target }],
      ['cow-rebase', { verb: 'cow-rebase', image: cow, backing: target }],
      ['cow-rebase -same', { verb: 'cow-rebase', image: cow, backing: target, sameContent: true }],
    ])('and the same image named by the client: %s', async (_, request) => {
      await expect(run(request)).rejects.toMatchObject({ code: 'IMAGE_ACCESS' });
      expect(existsSync(path(out))).toBe(false);
    });
  });

  test('merges into its own image, but not into a shared one, whatever its rights', async () => {
    await run({ verb: 'cow-merge', image: cow });
    chmodSync(path(golden), 0o666);
    nameBacking(golden);
    await expect(run({ verb: 'cow-merge', image: cow })).rejects.toMatchObject({ code: 'IMAGE_NOT_OWNED' });
  });

  test('merges into no image of root in its own directory, and into no hard link of a shared one', async () => {
    chownSync(path(mine), 0, 0);
    await expect(run({ verb: 'cow-merge', image: cow })).rejects.toMatchObject({ code: 'IMAGE_ACCESS' });
    chmodSync(path(golden), 0o666);
    linkSync(path(golden), path(own('link.dsk')));
    nameBacking(own('link.dsk'));
    await expect(run({ verb: 'cow-merge', image: cow })).rejects.toMatchObject({ code: 'IMAGE_NOT_OWNED' });
  });

  test('does not read what its user may not, in its own directory either', async () => {
    chownSync(path(mine), 0, 0);
    chmodSync(path(mine), 0o600);
    for (const request of [...following.slice(0, 3), { verb: 'copy', image: mine, target: out } as const])
      await expect(run(request), request.verb).rejects.toMatchObject({ code: 'IMAGE_ACCESS' });
  });

  test.each<[string, DiskCommand]>([
    ['an image of another VM', { verb: 'copy', image: { vm: 'vm2', path: '/disks/a.dsk' }, target: out }],
    ['a new image of another VM', { verb: 'copy', image: mine, target: { vm: 'vm2', path: '/disks/a.dsk' } }],
    ['a new shared image', { verb: 'copy', image: mine, target: shared('new.dsk') }],
    ['a shared image to write to', { verb: 'resize', image: golden, size: 2 * size }],
    ['a shared image to remove', { verb: 'delete', image: golden }],
  ])('is refused %s, whichever user made the request', async (_, request) => {
    makeImage(store.add({ vm: 'vm2', path: '/disks/a.dsk' }), size, []);
    await expect(run(request)).rejects.toMatchObject({
      code: expect.stringMatching(/^IMAGE_(?:NOT_OWNED|EXISTS)$/),
    });
    expect(existsSync(path(golden))).toBe(true);
  });

  test('does not learn the names in shared directories that its user cannot enter, nor unreadable headers', async () => {
    mkdirSync(dirname(path(shared('b.cow'))), { recursive: true });
    writeCowHeader(path(shared('b.cow')), { stored: '/shared/disks/closed/base.dsk', size, mtime });
    const { images } = await listForClient(store, client('vm1', nobody));
    expect(images.map(({ name, backing }) => [name.path, backing])).toEqual([
      ['/shared/disks/b.cow', ''],
      ['/shared/disks/golden.dsk', ''],
      ['/shared/disks/secret.dsk', ''],
      ['/disks/e.cow', 'vm1:/disks/mine.dsk'],
      ['/disks/mine.dsk', ''],
    ]);
  });
});

describe('an administrator', () => {
  const asked: Question[] = [];
  const administrator = (answer: boolean, meanwhile: () => void = () => undefined): ImageCaller => ({
    kind: 'administrator',
    userOf: () => ({ uid: nobody, gid: nobody }),
    ask: (question) => {
      asked.push(question);
      meanwhile();
      return Promise.resolve(answer);
    },
  });
  beforeEach(() => void asked.splice(0));

  test('is asked before a shared image is written to, and not before an image of the VM is', async () => {
    await run({ verb: 'cow-merge', image: cow }, administrator(false));
    expect(asked).toEqual([]);
    nameBacking(golden);
    const before = readFileSync(path(golden));
    await expect(run({ verb: 'cow-merge', image: cow }, administrator(false))).rejects.toMatchObject({
      code: 'IMAGE_NOT_OWNED',
      message: expect.stringContaining('/shared/disks/golden.dsk'),
    });
    expect(asked).toEqual([{ cow, image: golden, use: 'write' }]);
    expect(readFileSync(path(golden)).equals(before)).toBe(true);
    await run({ verb: 'cow-merge', image: cow }, administrator(true));
    expect(readFileSync(path(golden)).equals(before)).toBe(false);
  });

  test.each(following.map((request): [string, DiskCommand] => [request.verb, request]))(
    'is asked before %s gives a guest what it may not read, and not before what it may',
    async (_, request) => {
      nameBacking(secret);
      await expect(run(request, administrator(false))).rejects.toMatchObject({ code: 'IMAGE_NOT_OWNED' });
      expect(asked).toEqual([{ cow, image: secret, use: 'read' }]);
      nameBacking(golden);
      // The report of e2fsck on random bytes does not matter.
      await run(request, administrator(false)).catch((error) => expect(error.code).toBe('IMAGE_KIND'));
      expect(asked).toHaveLength(1);
    },
  );

  test('agrees to one image: if the header names another one afterwards, that is left alone', async () => {
    const before = readFileSync(path(golden));
    makeImage(store.add(shared('scratch.dsk')), size, []);
    utimesSync(path(shared('scratch.dsk')), mtime, mtime);
    nameBacking(shared('scratch.dsk'));
    const flips = administrator(true, () => nameBacking(golden));
    await expect(run({ verb: 'cow-merge', image: cow }, flips)).rejects.toMatchObject({
      code: 'IMAGE_SWAPPED',
    });
    expect(asked).toEqual([{ cow, image: shared('scratch.dsk'), use: 'write' }]);
    expect(readFileSync(path(golden)).equals(before)).toBe(true);
  });
});
