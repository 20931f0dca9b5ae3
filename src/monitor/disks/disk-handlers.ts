import { describeImage } from '../../disk/describe.ts';
import { disksOf, type ImageName, type ImageStore, nameText, sharedDisks } from '../../disk/image-name.ts';
import { imageDetails, imageInfo } from '../../disk/image-wire.ts';
import { listImages } from '../../disk/list.ts';
import { lookAtImage } from '../../disk/open-image.ts';
import { type DiskVerb, runDiskVerb } from '../../disk/verb.ts';
import { subjectText } from '../../disk/verb-text.ts';
import type { VmUser } from '../../jail/user.ts';
import { mayAccess } from '../../plan/access.ts';
import { peerOf } from '../../rpc/peer.ts';
import type { Caller, Handlers } from '../../rpc/program.ts';
import type { DiskListArgs, ImageInfo, ImageList, umlmonctrl } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors.ts';
import { monitorLimits } from '../../system/limits.ts';
import { answer, clippedFailure } from '../answer.ts';
import type { Jobs } from '../jobs.ts';
import { imageOf, readClientRequest, sharedError } from './disk-request.ts';

/** What the disk procedures need of the monitor of a VM. */
export interface ImageHost {
  readonly vm: string;
  readonly store: ImageStore;
  readonly jobs: Jobs;
  /** The user of the VM, who owns its images, by the configuration as it is now. Errors: CONFIG_*, JAIL_*. */
  readonly user: () => VmUser;
}

type Procedures = 'diskList' | 'diskInfo' | 'diskRun' | 'jobWatch' | 'jobCancel' | 'jobList';

/** The procedures on images and jobs. @param nameOf names a caller for events */
export function diskHandlers(
  disks: ImageHost,
  nameOf: (caller: Caller) => string,
): Pick<Handlers<typeof umlmonctrl>, Procedures> {
  const { vm, store, jobs } = disks;
  return {
    diskList: (args) => answer(() => ({ kind: 'ok', list: pageOf(disks, args) })),
    diskInfo: (path, caller) =>
      answer(async () => {
        const image = await describeImage(store, imageOf(vm, path), { signal: caller.signal });
        const details = imageDetails(image, pathOf);
        return { kind: 'ok', details };
      }),
    diskRun: (request, caller) =>
      answer(() => {
        const { verb, reads } = readClientRequest(vm, request);
        for (const image of reads) assertReadable(disks, image);
        if (verb.verb === 'cow-merge' && !verb.target) assertOwnBacking(disks, verb);
        const user = disks.user();
        const job = jobs.run({
          name: verb.verb,
          subject: subjectText(verb),
          by: nameOf(caller),
          peer: peerOf(caller),
          work: async (id, progress) => {
            const host = { store, by: `@${vm}.${id}`, owner: { uid: user.uid, gid: user.gid, mode: 0o600 } };
            const { report = '', ...result } = await runDiskVerb(verb, host, progress);
            return { ...result, report };
          },
        });
        return { kind: 'ok', job };
      }),
    jobWatch: ({ id, seen, waitMs }, caller) =>
      answer(async () => ({
        kind: 'ok',
        job: await jobs.watch(id, seen, waitMs, { peer: peerOf(caller), signal: caller.signal }),
      })),
    jobCancel: (id, caller) => answer(() => ({ kind: 'ok', job: jobs.cancel(id, nameOf(caller)) })),
    jobList: () => answer(() => ({ kind: 'ok', list: { jobs: jobs.list() } })),
  };
}

/** A part of the images that the VM can see, as large as an answer may be. */
function pageOf({ vm, store }: ImageHost, { after, max }: DiskListArgs): ImageList {
  const { images, troubles } = listImages(store);
  const all = images
    .filter(({ name }) => name.vm === vm || name.vm === '')
    .map((image) => imageInfo(image, pathOf))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
  const left = all.filter(({ path }) => path > after);
  const page: ImageInfo[] = [];
  let bytes = 0;
  for (const image of left.slice(0, Math.min(Math.max(max, 1), monitorLimits.imagesPerAnswer))) {
    bytes += Buffer.byteLength(JSON.stringify(image));
    if (page.length > 0 && bytes > monitorLimits.imageListBytes) break;
    page.push(image);
  }
  const places = [disksOf(store, vm), sharedDisks(store)];
  const own = troubles.filter(({ place }) => places.some((directory) => place.startsWith(directory)));
  return {
    images: page,
    more: page.length < left.length,
    troubles: after === '' ? own.map(clippedFailure) : [],
  };
}

/** As the jail sees it: all images that a client can name have different paths there. */
function pathOf({ path }: ImageName): string {
  return path;
}

/** The monitor may be root: a client must not read through it what the VM itself may not. */
function assertReadable({ vm, store, user }: ImageHost, image: ImageName): void {
  if (image.vm === vm) return;
  const facts = lookAtImage(image, store);
  if (mayAccess(facts, user(), 4)) return;
  throw new UmlmonError('IMAGE_ACCESS', {
    place: facts.hostPath,
    cause: `the user ${user().name} of ${vm} may not read the image`,
    hint: `chmod a+r ${facts.hostPath}`,
  });
}

/** A merge in place changes the backing file, which the client does not name. */
function assertOwnBacking(
  { vm, store }: ImageHost,
  { image }: Extract<DiskVerb, { verb: 'cow-merge' }>,
): void {
  const key = nameText(image);
  const found = listImages(store).images.find(({ name }) => nameText(name) === key);
  if (found?.backing.startsWith('/shared/')) throw sharedError(vm, { vm: '', path: found.backing });
}
