import { expect, test } from 'vitest';
import { readClientRequest } from '../../../src/monitor/disks/disk-request.ts';
import type { DiskRequest } from '../../../src/rpc/umlmonctrl.gen.ts';

const own = (path: string) => ({ vm: 'vm1', path });
const shared = (path: string) => ({ vm: '', path });
const [a, b, cow, base] = ['/disks/a.dsk', '/disks/sub/b.dsk', '/disks/a.cow', '/shared/disks/base.dsk'];
const sized = { image: a, size: 4096, filesystem: true };

const allowed: readonly (readonly [DiskRequest, object])[] = [
  [
    { verb: 'create', sized },
    { image: own(a), size: 4096, filesystem: 'ext4' },
  ],
  [
    { verb: 'create', sized: { ...sized, filesystem: false } },
    { image: own(a), size: 4096 },
  ],
  [
    { verb: 'resize', sized },
    { image: own(a), size: 4096, filesystem: true },
  ],
  [{ verb: 'delete', image: a }, { image: own(a) }],
  [{ verb: 'check', image: base }, { image: shared(base) }],
  [
    { verb: 'copy', pair: { image: base, other: b } },
    { image: shared(base), target: own(b) },
  ],
  [
    { verb: 'convert', pair: { image: cow, other: b } },
    { image: own(cow), target: own(b) },
  ],
  [
    { verb: 'cow-create', pair: { image: cow, other: base } },
    { image: own(cow), backing: shared(base) },
  ],
  [{ verb: 'cow-merge', pair: { image: cow, other: '' } }, { image: own(cow) }],
  [
    { verb: 'cow-merge', pair: { image: cow, other: b } },
    { image: own(cow), target: own(b) },
  ],
  [
    { verb: 'cow-rebase', rebase: { image: cow, backing: base, sameContent: true } },
    { image: own(cow), backing: shared(base), sameContent: true },
  ],
  [
    { verb: 'snapshot', snapshot: { image: a, name: 'x' } },
    { image: own(a), name: 'x' },
  ],
  [
    { verb: 'rollback', snapshot: { image: a, name: 'x' } },
    { image: own(a), name: 'x' },
  ],
  [
    { verb: 'snapshot-delete', snapshot: { image: a, name: 'x' } },
    { image: own(a), name: 'x' },
  ],
];

test.each(allowed)('%j', (request, verb) => {
  expect(readClientRequest('vm1', request)).toEqual({ verb: request.verb, ...verb });
});

const ofShared: readonly DiskRequest[] = [
  { verb: 'create', sized: { ...sized, image: base } },
  { verb: 'resize', sized: { ...sized, image: base } },
  { verb: 'delete', image: base },
  { verb: 'copy', pair: { image: a, other: base } },
  { verb: 'convert', pair: { image: a, other: base } },
  { verb: 'cow-create', pair: { image: '/shared/disks/a.cow', other: base } },
  { verb: 'cow-merge', pair: { image: '/shared/disks/a.cow', other: '' } },
  { verb: 'cow-merge', pair: { image: cow, other: base } },
  { verb: 'cow-rebase', rebase: { image: '/shared/disks/a.cow', backing: base, sameContent: false } },
  { verb: 'snapshot', snapshot: { image: base, name: 'x' } },
  { verb: 'rollback', snapshot: { image: base, name: 'x' } },
  { verb: 'snapshot-delete', snapshot: { image: base, name: 'x' } },
];

test.each(ofShared)('refused, as it would change what all VMs have: %j', (request) => {
  expect(() => readClientRequest('vm1', request)).toThrow('belongs to all VMs');
});

test.each([
  '',
  'a.dsk',
  '/etc/passwd',
  '/disks/../../vm2/jail/disks/a.dsk',
  '/disks/a.dsk/',
  '/disks//a.dsk',
  '/disks/a',
  'vm2:/disks/a.dsk',
  '/shared/disks/../x.dsk',
  '/disks/a\0.dsk',
  '/disks/\x1b[2J.dsk',
  '/disks/\u202ea.dsk',
  '/disks/a b.dsk',
])('no path of an image: %j', (path) => {
  for (const request of [
    { verb: 'delete', image: path },
    { verb: 'check', image: path },
    { verb: 'copy', pair: { image: path, other: b } },
    { verb: 'copy', pair: { image: a, other: path } },
  ] as const)
    expect(() => readClientRequest('vm1', request)).toThrow(expect.objectContaining({ code: 'CONFIG_PATH' }));
});
