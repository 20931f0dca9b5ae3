import type { Target } from '../target.ts';
import { configTargets } from './config.ts';
import { contentTargets } from './content.ts';
import { openDirectoryTargets, sharedRecordTarget } from './directory.ts';
import { openFileTargets } from './files.ts';
import { guestTargets } from './guest.ts';
import { hostRuleTargets } from './host-rules.ts';
import { imageTargets } from './images.ts';
import { inputTargets } from './input.ts';
import { kernelTargets } from './kernel.ts';
import { openRemoteTargets } from './remote.ts';
import { rpcTargets } from './rpc.ts';
import { openServerTarget } from './server.ts';
import { openSocketTargets } from './sockets.ts';
import { typedTargets } from './typed.ts';
import { webTargets } from './web.ts';

/** Everything that reads what others wrote. @param directory for files and sockets */
export async function openTargets(directory: string): Promise<Target[]> {
  return [
    ...configTargets,
    ...rpcTargets,
    await openServerTarget(directory),
    ...(await openRemoteTargets()),
    ...(await openDirectoryTargets()),
    sharedRecordTarget,
    ...kernelTargets,
    ...inputTargets,
    ...openSocketTargets(directory),
    ...guestTargets,
    ...hostRuleTargets,
    ...imageTargets,
    ...contentTargets,
    ...typedTargets,
    ...webTargets,
    ...openFileTargets(directory),
  ];
}
