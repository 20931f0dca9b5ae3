/** Requests that depend on unknown images are refused, and no others. */
import { describe, expect, test } from 'vitest';
import { refuseMerge, refuseOpen, refuseVerb } from '../../../src/disk/commands/may-use.ts';
import { refuseNew } from '../../../src/disk/commands/refuse-request.ts';
import { needsEveryone } from '../../../src/disk/commands/refuse-unknown.ts';
import type { ImageName } from '../../../src/disk/names/image-name.ts';
import { buildGraph, type FoundImage, type ImageGraph, type Unknown } from '../../../src/disk/store/graph.ts';

const store = { varDir: '/var', shared: '/var/shared', holders: '/run' };
const own = (vm: string, file: string): ImageName => ({ vm, path: `/disks/${file}` });
const base: ImageName = { vm: '', path: '/shared/disks/base.dsk' };
const free: ImageName = { vm: '', path: '/shared/disks/free.dsk' };
const found = (name: ImageName, id: string, more: Partial<FoundImage> = {}): FoundImage => ({
  name,
  id,
  kind: 'flat',
  size: 4096,
  allocated: 0,
  mtime: 1000,
  links: 1,
  uid: 0,
  gid: 0,
  mode: 0o100644,
  way: [],
  ...more,
});
const images = [
  found(base, '1:1'),
  found(free, '1:2'),
  ...['vm1', 'vm2'].flatMap((vm) => [
    found(own(vm, 'a.dsk'), `${vm}:a`),
    found(own(vm, 'linked.dsk'), `${vm}:l`, { links: 2 }),
    found(own(vm, 'x.dev'), 'b8:1', { kind: 'device' }),
    found(own(vm, 'e.cow'), `${vm}:e`, {
      kind: 'cow',
      header: { backing: '/disks/a.dsk', size: 4096, mtime: 1000 },
    }),
    found(own(vm, 'f.cow'), `${vm}:f`, {
      kind: 'cow',
      header: { backing: base.path, size: 4096, mtime: 1000 },
    }),
  ]),
];
const graph = (unknown: Partial<Unknown> = {}): ImageGraph =>
  buildGraph(images, [], store, {
    images: new Map(),
    full: new Set(),
    holders: [],
    partial: false,
    ...unknown,
  });
/** vm2 has too many files. */
const crowded = { images: new Map([['vm2', 'the directory has more than 5000 files']]) };
const code = (refusal: { code: string } | undefined) => refusal?.code ?? '';

describe('a VM with images that could not be read', () => {
  const open = (image: ImageName, mode: 'rw' | 'ro', vm = image.vm) =>
    code(refuseOpen(graph(crowded), { by: vm, image, mode }));

  test('may not write its own images, nor create images, nor use images that were not scanned', () => {
    for (const file of ['e.cow', 'f.cow', 'linked.dsk', 'x.dev'])
      expect(open(own('vm2', file), 'rw')).toBe('IMAGE_UNKNOWN');
    for (const mode of ['rw', 'ro'] as const)
      expect(open(own('vm2', 'unseen.dsk'), mode)).toBe('IMAGE_UNKNOWN');
    for (const verb of ['write', 'delete', 'resize', 'restore'] as const)
      expect(code(refuseVerb(graph(crowded), verb, own('vm2', 'linked.dsk'), 'vm2')), verb).toBe(
        'IMAGE_UNKNOWN',
      );
    expect(code(refuseNew(graph(crowded), own('vm2', 'new.dsk'), '.dsk'))).toBe('IMAGE_UNKNOWN');
    expect(code(refuseMerge(graph(crowded), own('vm2', 'e.cow'), 'vm2'))).toBe('IMAGE_UNKNOWN');
  });

  test('does not block another VM that uses its own images or reads shared ones', () => {
    for (const file of ['e.cow', 'f.cow']) expect(open(own('vm1', file), 'rw')).toBe('');
    expect(open(base, 'ro', 'vm1')).toBe('');
    for (const verb of ['copy', 'check', 'back'] as const)
      expect(code(refuseVerb(graph(crowded), verb, own('vm1', 'a.dsk'), 'vm1')), verb).toBe('');
    expect(code(refuseNew(graph(crowded), own('vm1', 'new.dsk'), '.dsk'))).toBe('');
    expect(code(refuseMerge(graph(crowded), own('vm1', 'e.cow'), 'vm1'))).toBe('');
  });

  test('prevents writes to images that it may depend on, and is named', () => {
    const refusal = refuseOpen(graph(crowded), { by: 'vm1', image: free, mode: 'rw' });
    expect(refusal).toMatchObject({
      code: 'IMAGE_UNKNOWN',
      cause:
        'the images of vm2 cannot all be read, and one of them may depend on this image: the directory has more than 5000 files',
    });
    for (const file of ['linked.dsk', 'x.dev']) expect(open(own('vm1', file), 'rw')).toBe('IMAGE_UNKNOWN');
  });
});

test('a graph of some VMs reports when it needs all VMs', () => {
  const partial = graph({ partial: true });
  expect(refuseOpen(partial, { by: 'vm1', image: free, mode: 'rw' })).toBe(needsEveryone);
  expect(refuseOpen(partial, { by: 'vm1', image: own('vm1', 'linked.dsk'), mode: 'rw' })).toBe(needsEveryone);
  expect(refuseOpen(partial, { by: 'vm1', image: own('vm1', 'e.cow'), mode: 'rw' })).toBeUndefined();
  expect(refuseOpen(partial, { by: 'vm1', image: free, mode: 'ro' })).toBeUndefined();
  expect(refuseOpen(graph(), { by: 'vm1', image: free, mode: 'rw' })).toBeUndefined();
});

test('with the largest number of files no image can be created, and existing ones can be used', () => {
  const full = graph({ full: new Set(['vm2']) });
  expect(code(refuseNew(full, own('vm2', 'new.dsk'), '.dsk'))).toBe('IMAGE_UNKNOWN');
  expect(refuseOpen(full, { by: 'vm2', image: own('vm2', 'e.cow'), mode: 'rw' })).toBeUndefined();
});

describe('a holder whose record cannot be read', () => {
  const open = (holder: string, image: ImageName, by: string) =>
    code(refuseOpen(graph({ holders: [holder] }), { by, image, mode: 'ro' }));

  test.each(['vm2', '@vm2.17'])('%s may hold its own images and the shared ones', (holder) => {
    expect(open(holder, own('vm2', 'a.dsk'), 'vm3')).toBe('IMAGE_UNKNOWN');
    expect(open(holder, base, 'vm1')).toBe('IMAGE_UNKNOWN');
    expect(open(holder, own('vm1', 'a.dsk'), 'vm1')).toBe('');
  });

  test('umladmin may hold any image; images of the caller itself do not conflict', () => {
    expect(open('@umladmin.7', own('vm1', 'a.dsk'), 'vm1')).toBe('IMAGE_UNKNOWN');
    expect(open('vm1', own('vm1', 'a.dsk'), 'vm1')).toBe('');
  });
});

test('a guest that names an image of another VM by its path of the host does not keep it from that', () => {
  const hostile = found(own('vm2', 'h.cow'), 'vm2:h', {
    kind: 'cow',
    header: { backing: '/var/vm1/jail/disks/linked.dsk', size: 4096, mtime: 1000 },
  });
  const all = buildGraph([...images, hostile], [], store);
  expect(refuseOpen(all, { by: 'vm1', image: own('vm1', 'linked.dsk'), mode: 'rw' })).toBeUndefined();
});
