/** The headers of COW images, which guests write, and all that is decided on them. */

import { questionOf, refuseClaim } from '../../../src/disk/commands/caller.ts';
import type { DiskCommand, ImageCaller } from '../../../src/disk/commands/command-types.ts';
import { decideVerb } from '../../../src/disk/commands/decide.ts';
import { type Cow, decodeCow, encodeCowHeader } from '../../../src/disk/cow/format.ts';
import { cowHazard } from '../../../src/disk/cow/hazard.ts';
import { type ImageName, nameText } from '../../../src/disk/names/image-name.ts';
import { buildGraph, type FoundImage } from '../../../src/disk/store/graph.ts';
import { listPieces } from '../../../src/disk/store/list.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, refusable, type Target } from '../target.ts';

const size = 65_536;
const fileBytes = 12_288 + size;
const store = { varDir: '/var', shared: '/var/shared', holders: '/run' };
const own = (file: string): ImageName => ({ vm: 'vm1', path: `/disks/${file}` });
const shared = (file: string): ImageName => ({ vm: '', path: `/shared/disks/${file}` });
const other: ImageName = { vm: 'vm2', path: '/disks/a.dsk' };
const [cow, out] = [own('e.cow'), own('out.dsk')];

const user = { name: 'vm1', uid: 1001, gid: 1001 };
const client: ImageCaller = { kind: 'vm', vm: 'vm1', user };
const administrator: ImageCaller = {
  kind: 'administrator',
  userOf: () => user,
  ask: () => Promise.resolve(false),
};

function found(name: ImageName, id: string, more: Partial<FoundImage> = {}): FoundImage {
  const common = { size, allocated: 0, mtime: 1000, links: 1, uid: 1001, gid: 1001, mode: 0o100644, way: [] };
  return { name, id, kind: 'flat', ...common, ...more };
}

const others = [
  found(own('mine.dsk'), '1:1'),
  found(shared('base.dsk'), '1:2', { uid: 0 }),
  found(shared('secret.dsk'), '1:3', { uid: 0, mode: 0o100600 }),
  found(shared('closed/a.dsk'), '1:4', { uid: 0, way: [{ uid: 0, gid: 0, mode: 0o40700 }] }),
  found(other, '1:5'),
];
const verbs: readonly DiskCommand[] = [
  { verb: 'convert', image: cow, target: out },
  { verb: 'check', image: cow },
  { verb: 'cow-merge', image: cow, target: out },
  { verb: 'cow-merge', image: cow },
  { verb: 'cow-rebase', image: cow, backing: own('mine.dsk') },
  { verb: 'copy', image: cow, target: own('f.cow') },
  { verb: 'delete', image: own('mine.dsk') },
];

const paths = [
  ...others.map(({ name }) => name.path),
  '/var/shared/disks/base.dsk',
  '/var/vm2/jail/disks/a.dsk',
  cow.path,
];
const headers: Corpus = {
  samples: paths.map((backing) => encodeCowHeader({ backing, size, mtime: 1000 })),
  words: [...paths, '/../', '/disks/', '/shared/disks/', '.dsk', '.cow', '\0', 'OOOM', '\xff\xff\xff\xff'],
  maxBytes: 5000,
};

/** Whatever a header says, no claim goes beyond what the caller may do, and places in the file stay within bounds. */
const cowHeader: Target = {
  name: 'cow-header',
  share: 60,
  make: (random) => makeInput(random, headers),
  run: (input) =>
    refusable([UmlmonError], () => {
      const header = decodeCow(input, fileBytes, cow.path);
      assertWithin(header);
      const graph = buildGraph([...others, found(cow, '1:9', { kind: 'cow', header })], [], store);
      for (const _ of listPieces(graph));
      cowHazard(undefined, header.size);
      for (const request of verbs) {
        const decision = decideVerb(graph, request, '@vm1.1');
        if ('cause' in decision) continue;
        for (const claim of decision) {
          const image = graph.images.get(graph.ids.get(nameText(claim.image)) ?? '');
          if (!image) throw new Error('only what is there is claimed');
          assert(claim.image.vm !== 'vm2', 'no header leads to another VM');
          const claimed = { claim, rights: image, names: image.names };
          if (claim.image.vm === '' && claim.use !== 'read') {
            assert(
              refuseClaim(client, claimed)?.code === 'IMAGE_NOT_OWNED',
              'a client writes to no shared image',
            );
            assert(questionOf(administrator, claimed) !== undefined, 'an administrator is asked before that');
          }
          if (['1:3', '1:4'].includes(image.id)) {
            assert(
              refuseClaim(client, claimed) !== undefined,
              'a client reads nothing that its user may not read',
            );
            assert(questionOf(administrator, claimed) !== undefined, 'an administrator is asked before that');
          }
        }
      }
    }),
};

function assertWithin({ bitmapOffset, bitmapLength, dataOffset, recorded, sectors }: Cow): void {
  assert(bitmapOffset >= 280 && bitmapOffset + bitmapLength <= fileBytes, 'the bitmap is in the file');
  assert(dataOffset >= bitmapOffset + bitmapLength, 'the data comes after the bitmap');
  assert(recorded <= sectors, 'no sector beyond the image is recorded');
}

export const imageTargets: readonly Target[] = [cowHeader];
