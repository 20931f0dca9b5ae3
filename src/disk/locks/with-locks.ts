import type { Refusal } from '../../config/problem.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { askAbout, requireAgreed, requireAllowed } from '../commands/allow.ts';
import { refuseMaking } from '../commands/caller.ts';
import type { Claim, DiskHost, ImageCaller, Work } from '../commands/command-types.ts';
import { explainFailure, ImageDirectories } from '../names/image-directories.ts';
import { type ImageName, imagePathOnHost, nameText } from '../names/image-name.ts';
import { temporaryFor } from '../names/new-image.ts';
import type { ImagePlace } from '../names/open-image.ts';
import type { ImageGraph } from '../store/graph.ts';
import { type Scan, scanFor } from '../store/scan.ts';
import { ImageLocks, type LockRequest } from './image-lock.ts';
import { lockedGraph } from './locked-graph.ts';

export interface UnderLocks {
  /** For errors: which one it is about. */
  readonly image: ImageName;
  /** All VMs whose images are named. */
  readonly vms: ReadonlySet<string>;
  readonly decide: (graph: ImageGraph) => readonly Claim[] | Refusal;
}

interface Decided {
  readonly claims: readonly Claim[];
  readonly graph: ImageGraph;
}

/**
 * Runs `act` on locked images, so that no start of a VM and no other disk command can interfere. It decides on a scan,
 * locks, and decides again on a scan under the locks, because all programs that change images lock them.
 *
 * A kernel that was taken over by its guest ignores locks. So the facts of an image, and the header of a COW image, are
 * read once, from the locked descriptor. The second decision and all later steps use them. Each claim, by name or by a
 * header, is checked there for the caller.
 *
 * @throws UmlmonError the refusals of `decide`, IMAGE_NOT_OWNED, IMAGE_ACCESS, IMAGE_IN_USE, IMAGE_SWAPPED, and what `act`
 *   throws
 */
export async function underLocks<Result>(
  { store, by, caller }: DiskHost,
  { image, vms, decide }: UnderLocks,
  act: (work: Work) => Promise<Result>,
): Promise<Result> {
  const place = imagePathOnHost(image, store);
  const decided = async (see: (scan: Scan) => ImageGraph | Promise<ImageGraph>): Promise<Decided> => {
    const decision = await scanFor<Decided>(store, vms, async (scan) => {
      const graph = await see(scan);
      const claims = decide(graph);
      return 'cause' in claims ? claims : { claims, graph };
    });
    if ('cause' in decision) throw new UmlmonError(decision.code, { place, ...decision });
    return decision;
  };
  const first = await decided(({ graph }) => graph);
  requireAllowed(caller, first.graph, first.claims, place);
  const agreed = await askAbout(caller, first.graph, first.claims);
  const wanted = requestsOf(first);
  const directories = new ImageDirectories(store);
  const locks = await ImageLocks.take(store, by, wanted);
  try {
    const now = await decided((scan) => lockedGraph(scan, locks.all));
    if (textOf(requestsOf(now)) !== textOf(wanted)) throw swapped(place);
    requireAllowed(caller, now.graph, now.claims, place);
    requireAgreed(caller, now.graph, now.claims, agreed);
    // Left by a process that was killed just before a new image took its place. The lock excludes all other writers.
    for (const { image: name, mode } of wanted) if (mode === 'rw') removeLeftOver(directories.placeOf(name));
    return await act(workWith(caller, now.graph, locks, directories));
  } catch (error) {
    throw explainFailure(error, image, store);
  } finally {
    locks.close();
    directories.close();
  }
}

function workWith(
  caller: ImageCaller,
  graph: ImageGraph,
  locks: ImageLocks,
  directories: ImageDirectories,
): Work {
  return {
    graph,
    source: (image) => {
      const lock = locks.lockOf(image);
      if (lock?.fd === undefined || !lock.locked) throw new Error(`${nameText(image)} was not claimed`);
      const { facts, header } = lock.locked;
      const source = { fd: lock.fd, path: facts.hostPath };
      return typeof header === 'object' ? { ...source, cow: header } : source;
    },
    placeOf: (image) => directories.placeOf(image),
    placeOfNew: (image) => {
      const refusal = refuseMaking(caller, image);
      if (refusal) throw new UmlmonError(refusal.code, { place: nameText(image), ...refusal });
      return directories.placeOfNew(image);
    },
  };
}

function removeLeftOver({ directory, name }: ImagePlace): void {
  directory.remove(temporaryFor(name));
}

function swapped(place: string): UmlmonError {
  return new UmlmonError('IMAGE_SWAPPED', {
    place,
    cause: 'the image was replaced after it was checked, or its header names another backing file',
    hint: 'stop the VM, then try again while no program moves images',
  });
}

/** One request for each image, under one of its names. */
function requestsOf({ graph, claims }: Decided): LockRequest[] {
  const found = new Map<string, LockRequest>();
  for (const { image, mode } of claims) {
    const id = graph.ids.get(nameText(image)) ?? '';
    if (!found.has(nameText(image))) found.set(nameText(image), { image, mode, id });
  }
  return [...found.values()];
}

function textOf(requests: readonly LockRequest[]): string {
  return requests.map(({ image, mode, id }) => `${nameText(image)} ${mode} ${id}`).join('\n');
}
