/** What can be done to the images of a host. */

import type { Refusal } from '../../config/problem.ts';
import { underLocks } from '../locks/with-locks.ts';
import type { DiskProgress } from '../names/image-file.ts';
import type { ImageGraph } from '../store/graph.ts';
import { refuseClaim } from './caller.ts';
import { checkImage } from './check.ts';
import type { DiskCommand, DiskHost, DiskResult, ImageCaller, Work } from './command-types.ts';
import { convertImage, copyImage } from './copy.ts';
import { createCowImage, mergeCowImage, rebaseCowImage } from './cow.ts';
import { createImage } from './create.ts';
import { decideVerb } from './decide.ts';
import { deleteImage } from './delete.ts';
import { backingFor } from './may-use.ts';
import { resizeImage } from './resize.ts';
import { deleteSnapshot, rollBack, takeSnapshot } from './snapshot.ts';

/**
 * Runs a disk command. It is refused where it could destroy data: an image may be open elsewhere, be a backing file, or
 * not be where its name points. If the command is killed or cancelled, or the disk is full, the image is either the old
 * one or the new one.
 *
 * @throws UmlmonError the refusals of caller.ts, may-use.ts and decide.ts, and what goes wrong; the reason of
 *   `progress.signal`
 */
export function runDiskCommand(
  request: DiskCommand,
  host: DiskHost,
  progress: DiskProgress = {},
): Promise<DiskResult> {
  const decide = (graph: ImageGraph) =>
    refuseIntoForeign(graph, request, host.caller) ?? decideVerb(graph, request, host.by);
  return underLocks(host, { image: request.image, vms: vmsOf(request), decide }, (work) =>
    act(request, host, work, progress),
  );
}

/**
 * A client that may not write to a backing file learns only that, not which other images depend on the file. The claims
 * of the command are checked all the same.
 */
function refuseIntoForeign(
  graph: ImageGraph,
  request: DiskCommand,
  caller: ImageCaller,
): Refusal | undefined {
  if (request.verb !== 'cow-merge' || request.target) return undefined;
  const chain = backingFor(graph, { image: request.image, evenMerging: true });
  if ('cause' in chain) return undefined;
  const claim = { image: chain.name, mode: 'rw', use: 'write', via: request.image } as const;
  return refuseClaim(caller, { claim, rights: chain.image, names: chain.image.names });
}

/** All VMs whose images a disk command names. */
function vmsOf(request: DiskCommand): Set<string> {
  const names = [request.image];
  if ('target' in request && request.target) names.push(request.target);
  if ('backing' in request) names.push(request.backing);
  return new Set(names.map(({ vm }) => vm));
}

function act(request: DiskCommand, host: DiskHost, work: Work, progress: DiskProgress): Promise<DiskResult> {
  switch (request.verb) {
    case 'create':
      return createImage(request, host, work, progress);
    case 'delete':
      return deleteImage(request.image, work);
    case 'copy':
      return copyImage(request, host, work, progress);
    case 'resize':
      return resizeImage(request, work, progress);
    case 'convert':
      return convertImage(request, host, work, progress);
    case 'check':
      return checkImage(request.image, work, progress);
    case 'cow-create':
      return createCowImage(request, host, work);
    case 'cow-merge':
      return mergeCowImage(request, host, work, progress);
    case 'cow-rebase':
      return rebaseCowImage(request, work, progress);
    case 'snapshot':
      return takeSnapshot(request, work, progress);
    case 'rollback':
      return rollBack(request, work, progress);
    case 'snapshot-delete':
      return deleteSnapshot(request, work);
  }
}
