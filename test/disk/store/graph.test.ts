import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  backingFor,
  type ImageVerb,
  refuseMerge,
  refuseOpen,
  refuseVerb,
} from '../../../src/disk/commands/may-use.ts';
import type { ImageName, ImageStore } from '../../../src/disk/names/image-name.ts';
import { buildGraph, dependantText, type FoundImage, type Holding } from '../../../src/disk/store/graph.ts';

const store: ImageStore = {
  varDir: '/var/lib/umlmon',
  shared: '/srv/shared',
  holders: '/run/umlmon/.images',
};
const base: ImageName = { vm: '', path: '/shared/disks/base.dsk' };
const web: ImageName = { vm: 'vm2', path: '/disks/web.cow' };
const mail: ImageName = { vm: 'vm3', path: '/disks/mail.cow' };
const root: ImageName = { vm: 'vm1', path: '/disks/root.dsk' };

const rights = { links: 1, uid: 0, gid: 0, mode: 0o100644, way: [] };
const flat = (name: ImageName, id: string): FoundImage => ({
  name,
  id,
  kind: 'flat',
  size: 4096,
  allocated: 0,
  mtime: 1000,
  ...rights,
});
const cow = (name: ImageName, id: string, backing: string, header = {}): FoundImage => ({
  name,
  id,
  kind: 'cow',
  size: 20480,
  allocated: 0,
  mtime: 2000,
  ...rights,
  header: { backing, size: 4096, mtime: 1000, ...header },
});
const usual = [
  flat(base, '1:1'),
  flat(root, '1:2'),
  cow(web, '1:3', base.path),
  cow(mail, '1:4', '/srv/shared/disks/base.dsk'),
];
const graph = (holdings: readonly Holding[] = [], images: readonly FoundImage[] = usual) =>
  buildGraph(images, holdings, store);
const held = (holder: string, id: string, mode: Holding['mode']): Holding => ({ holder, id, mode });

describe('opening', () => {
  test('a free image, and an image that the caller holds', () => {
    expect(refuseOpen(graph(), { by: 'vm1', image: root, mode: 'rw' })).toBeUndefined();
    expect(
      refuseOpen(graph([held('vm1', '1:2', 'rw')]), { by: 'vm1', image: root, mode: 'rw' }),
    ).toBeUndefined();
  });

  test('an image that another VM writes', () => {
    const held1 = graph([held('vm4', '1:2', 'rw')]);
    for (const mode of ['rw', 'ro'] as const)
      expect(refuseOpen(held1, { by: 'vm1', image: root, mode })).toEqual({
        code: 'IMAGE_IN_USE',
        cause: 'vm1:/disks/root.dsk is open read-write by vm4',
        hint: 'stop vm4 first, or use another image',
      });
  });

  test('an image that others read may be read, not written', () => {
    const read = graph([held('vm4', '1:2', 'ro'), held('vm5', '1:2', 'ro')]);
    expect(refuseOpen(read, { by: 'vm1', image: root, mode: 'ro' })).toBeUndefined();
    expect(refuseOpen(read, { by: 'vm1', image: root, mode: 'rw' })?.cause).toBe(
      'vm1:/disks/root.dsk is open read-only by vm4, vm5',
    );
  });

  test('a backing file is never written, and the refusal shows the chain', () => {
    expect(refuseOpen(graph([held('vm2', '1:3', 'rw')]), { by: 'vm1', image: base, mode: 'rw' })).toEqual({
      code: 'IMAGE_IS_BACKING',
      cause:
        '/shared/disks/base.dsk is the backing file of vm2:/disks/web.cow, open read-write by vm2; of vm3:/disks/mail.cow',
      hint: 'use it read-only, or use a copy: a change would destroy the images that depend on it',
    });
    expect(refuseOpen(graph(), { by: 'vm1', image: base, mode: 'ro' })).toBeUndefined();
  });

  test('a snapshot may be read but not written while its image exists', () => {
    const snapshot: ImageName = { vm: 'vm1', path: '/disks/root@before.dsk' };
    const images = [flat(snapshot, '1:9'), flat(root, '1:2')];
    const open = (mode: 'rw' | 'ro', found = images) =>
      refuseOpen(graph([], found), { by: 'vm1', image: snapshot, mode })?.cause;
    expect(open('rw')).toBe('vm1:/disks/root@before.dsk is a snapshot of vm1:/disks/root.dsk');
    expect([open('ro'), open('rw', images.slice(0, 1))]).toEqual([undefined, undefined]);
  });

  test('a hard link to a backing file is the backing file', () => {
    const link: ImageName = { vm: 'vm1', path: '/disks/mine.dsk' };
    const linked = graph([], [...usual, flat(link, '1:1')]);
    expect(refuseOpen(linked, { by: 'vm1', image: link, mode: 'rw' })?.code).toBe('IMAGE_IS_BACKING');
  });

  test('a COW image over a backing file that is open for writing', () => {
    expect(refuseOpen(graph([held('vm9', '1:1', 'rw')]), { by: 'vm2', image: web, mode: 'rw' })?.cause).toBe(
      '/shared/disks/base.dsk, the backing file of vm2:/disks/web.cow, is open read-write by vm9',
    );
  });
});

describe('the backing file of a COW image', () => {
  const withCow = (backing: string, header = {}, more: readonly FoundImage[] = []) =>
    graph([], [flat(base, '1:1'), flat(root, '1:2'), cow(web, '1:3', backing, header), ...more]);

  test('is found by the name in the header, or by a given name', () => {
    expect(backingFor(withCow(base.path), { image: web })).toMatchObject({
      name: base,
      image: { id: '1:1' },
    });
    expect(backingFor(withCow('/elsewhere/x'), { image: web, backing: base.path })).toMatchObject({
      name: base,
    });
  });

  test.each([
    [
      'has another size',
      withCow(base.path, { size: 8192 }),
      'COW_BACKING',
      '/shared/disks/base.dsk has changed since vm2:/disks/web.cow was created over it: it has 4096 bytes instead of 8192',
    ],
    [
      'has another time',
      withCow(base.path, { mtime: 999 }),
      'COW_BACKING',
      '/shared/disks/base.dsk has changed since vm2:/disks/web.cow was created over it: its modification time is 1970-01-01T00:16:40Z instead of 1970-01-01T00:16:39Z',
    ],
    [
      'is not there',
      withCow('/shared/disks/none.dsk'),
      'IMAGE_BACKING_PATH',
      'the backing file of vm2:/disks/web.cow, /shared/disks/none.dsk, does not exist',
    ],
    [
      'is a path of the host',
      withCow('/srv/shared/disks/base.dsk'),
      'IMAGE_BACKING_PATH',
      'the backing file of vm2:/disks/web.cow is "/srv/shared/disks/base.dsk", which is not an image in its jail',
    ],
    [
      'is the image of another VM',
      withCow('/var/lib/umlmon/vm1/jail/disks/root.dsk'),
      'IMAGE_BACKING_PATH',
      'the backing file of vm2:/disks/web.cow is "/var/lib/umlmon/vm1/jail/disks/root.dsk", which is not an image in its jail',
    ],
    [
      'is a way out',
      withCow('/disks/../../../etc/shadow'),
      'IMAGE_BACKING_PATH',
      'the backing file of vm2:/disks/web.cow is "/disks/../../../etc/shadow", which is not an image in its jail',
    ],
    [
      'is the image itself',
      withCow(web.path),
      'IMAGE_CHAIN',
      'vm2:/disks/web.cow names itself as its backing file',
    ],
    [
      'is a COW image',
      withCow('/disks/lower.cow', {}, [cow({ vm: 'vm2', path: '/disks/lower.cow' }, '1:9', base.path)]),
      'IMAGE_CHAIN',
      'the backing file of vm2:/disks/web.cow is the COW image vm2:/disks/lower.cow, and the kernel reads one layer only',
    ],
  ])('%s', (_, broken, code, cause) => {
    expect(refuseOpen(broken, { by: 'vm2', image: web, mode: 'rw' })).toMatchObject({ code, cause });
  });

  test('a wrong path comes with the right one', () => {
    expect(
      refuseOpen(withCow('/srv/shared/disks/base.dsk'), { by: 'vm2', image: web, mode: 'rw' })?.hint,
    ).toBe('set /disks/web.cow,/shared/disks/base.dsk');
  });

  test('/disks in a shared COW image means no place', () => {
    const shared: ImageName = { vm: '', path: '/shared/disks/s.cow' };
    const lone = graph([], [flat(root, '1:2'), cow(shared, '1:3', root.path)]);
    expect(refuseOpen(lone, { by: 'vm1', image: shared, mode: 'ro' })?.code).toBe('IMAGE_BACKING_PATH');
    expect(dependantText(lone, '1:2')).toBe('');
  });

  test('a file without a COW header is not a COW image', () => {
    const damaged = graph([], [{ ...cow(web, '1:3', ''), header: 'it has no COW header' }]);
    expect(refuseOpen(damaged, { by: 'vm2', image: web, mode: 'rw' })).toMatchObject({
      code: 'IMAGE_KIND',
      cause: 'vm2:/disks/web.cow cannot be used: it has no COW header',
    });
  });

  test('times beyond 2038 are compared as the kernel does', () => {
    const late = flat(base, '1:1');
    const found = [{ ...late, mtime: 2 ** 32 + 1000 }, cow(web, '1:3', base.path)];
    expect(refuseOpen(graph([], found), { by: 'vm2', image: web, mode: 'rw' })).toBeUndefined();
  });
});

describe('disk commands', () => {
  const verbs: readonly ImageVerb[] = ['write', 'delete', 'rename', 'resize', 'rebase', 'restore'];

  test.each(verbs)('%s is refused on a backing file and on an image in use, else done', (verb) => {
    expect(refuseVerb(graph(), verb, base, 'tool')?.code).toBe('IMAGE_IS_BACKING');
    expect(refuseVerb(graph([held('vm1', '1:2', 'ro')]), verb, root, 'tool')?.code).toBe('IMAGE_IN_USE');
    expect(refuseVerb(graph(), verb, root, 'tool')).toBeUndefined();
  });

  test('a COW image with a changed backing file can be rebased and deleted, not merged or checked', () => {
    const changed = graph([], [flat(base, '1:1'), cow(web, '1:3', base.path, { mtime: 1 })]);
    for (const verb of ['rebase', 'delete', 'copy'] as const)
      expect(refuseVerb(changed, verb, web, 'tool')).toBeUndefined();
    for (const verb of ['merge', 'check'] as const)
      expect(refuseVerb(changed, verb, web, 'tool')?.code).toBe('COW_BACKING');
  });

  test('a COW image is neither resized nor backed on', () => {
    expect(refuseVerb(graph(), 'resize', web, 'tool')?.cause).toBe(
      'vm2:/disks/web.cow is a COW image: its size is that of its backing file',
    );
    expect(refuseVerb(graph(), 'back', web, 'tool')?.code).toBe('IMAGE_CHAIN');
    expect(refuseVerb(graph(), 'back', base, 'tool')).toBeUndefined();
    expect(refuseVerb(graph([held('vm1', '1:2', 'rw')]), 'back', root, 'tool')?.code).toBe('IMAGE_IN_USE');
  });

  test('merging in place: only the single COW image of a backing file that is not open', () => {
    expect(refuseMerge(graph(), web, 'tool')).toMatchObject({
      code: 'IMAGE_IS_BACKING',
      cause: '/shared/disks/base.dsk is the backing file of vm3:/disks/mail.cow',
    });
    const single = [flat(base, '1:1'), cow(web, '1:3', base.path)];
    expect(refuseMerge(graph([], single), web, 'tool')).toBeUndefined();
    expect(refuseMerge(graph([held('vm7', '1:1', 'ro')], single), web, 'tool')?.cause).toBe(
      '/shared/disks/base.dsk, the backing file of vm2:/disks/web.cow, is open read-only by vm7',
    );
    expect(refuseMerge(graph([held('vm2', '1:3', 'rw')], single), web, 'tool')?.code).toBe('IMAGE_IN_USE');
  });

  test('cycles end', () => {
    const other: ImageName = { vm: 'vm2', path: '/disks/other.cow' };
    const cycle = graph([], [cow(web, '1:3', other.path), cow(other, '1:4', web.path)]);
    expect(refuseOpen(cycle, { by: 'vm2', image: web, mode: 'ro' })?.code).toBe('IMAGE_CHAIN');
    expect(dependantText(cycle, '1:3')).toBe(
      'vm2:/disks/web.cow is the backing file of vm2:/disks/other.cow',
    );
  });
});

test('in any sequence of grants: never a second writer, never a written backing file', () => {
  const names = [base, root, web, mail];
  const request = fc.record({
    by: fc.constantFrom('vm1', 'vm2', 'vm3'),
    image: fc.constantFrom(...names),
    mode: fc.constantFrom('rw' as const, 'ro' as const),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
      const holdings: Holding[] = [];
      for (const each of requests) {
        const now = graph(holdings, [...usual.slice(0, 3), cow(mail, '1:4', base.path)]);
        if (refuseOpen(now, each)) continue;
        holdings.push(
          held(
            each.by,
            now.ids.get(each.image.vm + (each.image.vm && ':') + each.image.path) ?? '',
            each.mode,
          ),
        );
        if (each.image.path.endsWith('.cow')) holdings.push(held(each.by, '1:1', 'ro'));
      }
      for (const writer of holdings.filter(({ mode }) => mode === 'rw')) {
        const others = holdings.filter(({ id, holder }) => id === writer.id && holder !== writer.holder);
        expect(others).toEqual([]);
        expect(writer.id).not.toBe('1:1');
      }
    }),
  );
});
