import type { ImageCaller } from '../../disk/commands/command-types.ts';
import { subjectText } from '../../disk/commands/describe-command.ts';
import { runDiskCommand } from '../../disk/commands/run.ts';
import type { ImageStore } from '../../disk/names/image-name.ts';
import { describeImage } from '../../disk/store/describe.ts';
import { imageDetails } from '../../disk/store/image-wire.ts';
import type { VmUser } from '../../jail/user.ts';
import type { Handlers } from '../../rpc/codec/program.ts';
import { peerOf } from '../../rpc/server/peer.ts';
import type { umlmonctrl } from '../../rpc/umlmonctrl.gen.ts';
import { answer } from '../answer.ts';
import type { Callers } from '../endpoints/guard.ts';
import type { Jobs } from '../jobs.ts';
import { readClientRequest, requestedImage } from './disk-request.ts';
import { ImageLists, pathOf } from './image-list.ts';

/** What the disk procedures work with. */
export interface ImageParts {
  readonly vm: string;
  readonly store: ImageStore;
  readonly jobs: Jobs;
  readonly planner: ImageUser;
}

export interface ImageUser {
  /** The user of the VM, who owns its images, by the configuration as it is now. Errors: CONFIG_*, JAIL_*. */
  user(): Promise<VmUser>;
}

type Procedures = 'diskList' | 'diskInfo' | 'diskRun' | 'jobWatch' | 'jobCancel' | 'jobList';

/** The procedures on images and jobs. */
export function diskHandlers(
  disks: ImageParts,
  callers: Pick<Callers, 'nameOf'>,
): Pick<Handlers<typeof umlmonctrl>, Procedures> {
  const { vm, store, jobs } = disks;
  const lists = new ImageLists(store, () => clientOf(disks));
  return {
    diskList: (args) => answer(async () => ({ kind: 'ok', list: await lists.page(args) })),
    diskInfo: (path, caller) =>
      answer(async () => {
        const { signal } = caller;
        const image = await describeImage(store, requestedImage(vm, path), await clientOf(disks), { signal });
        const details = imageDetails(image, pathOf);
        return { kind: 'ok', details };
      }),
    diskRun: (request, caller) =>
      answer(async () => {
        const verb = readClientRequest(vm, request);
        const client = await clientOf(disks);
        const { uid, gid } = client.user;
        const job = jobs.run({
          name: verb.verb,
          subject: subjectText(verb),
          by: callers.nameOf(caller),
          peer: peerOf(caller),
          work: async (id, progress) => {
            const owner = { uid, gid, mode: 0o600 };
            const host = { store, by: `@${vm}.${id}`, owner, caller: client };
            const { report = '', ...result } = await runDiskCommand(verb, host, progress);
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
    jobCancel: (id, caller) => answer(() => ({ kind: 'ok', job: jobs.cancel(id, callers.nameOf(caller)) })),
    jobList: () => answer(() => ({ kind: 'ok', list: { jobs: jobs.list() } })),
  };
}

/** Any client of the VM, for the checks of images. */
async function clientOf({ vm, planner }: ImageParts): Promise<ImageCaller & { kind: 'vm' }> {
  return { kind: 'vm', vm, user: await planner.user() };
}
