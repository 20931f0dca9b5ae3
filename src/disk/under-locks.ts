import type { Refusal } from '../config/problem.ts';
import { UmlmonError } from '../system/errors.ts';
import type { Claim } from './decide-verb.ts';
import type { ImageGraph } from './graph.ts';
import { HeldDirectories } from './held-directories.ts';
import type { ImageSource } from './image-file.ts';
import { ImageLocks, type LockRequest } from './image-lock.ts';
import { hostPathOf, type ImageName, nameText } from './image-name.ts';
import { temporaryFor, unlinkIfThere } from './new-image.ts';
import { scanImages } from './scan.ts';
import type { DiskHost } from './verb.ts';

/** What a verb works with while its images are locked. */
export interface Work {
  readonly graph: ImageGraph;
  /** An image that was claimed, as it was locked. */
  readonly source: (image: ImageName) => Exclude<ImageSource, string>;
  /** A path for the name of an image, existing or not, which leads nowhere else. */
  readonly pathOf: (image: ImageName) => string;
  /** The same for a new image; its place may be new too. */
  readonly pathOfNew: (image: ImageName) => string;
}

/**
 * Does something to images so that no start of a VM and no other verb can come between: decides on what a scan has
 * found, locks, and decides again on a scan under the locks, since all who change images lock them too.
 *
 * @param image for errors: which one it is about
 * @throws UmlmonError the refusals of `decide`, IMAGE_IN_USE, IMAGE_SWAPPED, and what `act` throws
 */
export async function underLocks<Result>(
  { store, by }: DiskHost,
  image: ImageName,
  decide: (graph: ImageGraph) => readonly Claim[] | Refusal,
  act: (work: Work) => Promise<Result>,
): Promise<Result> {
  const place = hostPathOf(image, store);
  const requests = () => {
    const { graph } = scanImages(store);
    const decision = decide(graph);
    if ('cause' in decision)
      throw new UmlmonError(decision.code, { place, cause: decision.cause, hint: decision.hint });
    return { graph, requests: requestsOf(graph, decision) };
  };
  const wanted = requests().requests;
  const directories = new HeldDirectories(store);
  const locks = ImageLocks.take(store, by, wanted);
  try {
    const now = requests();
    if (textOf(now.requests) !== textOf(wanted))
      throw new UmlmonError('IMAGE_SWAPPED', {
        place,
        cause: 'another file has taken the place of the image since it was checked',
        hint: 'try again, when nobody moves images',
      });
    // Left by somebody who was killed while a new image was about to take its place: nobody can be at it now.
    for (const { image: name, mode } of wanted)
      if (mode === 'rw') await unlinkIfThere(temporaryFor(directories.pathOf(name)));
    return await act({
      graph: now.graph,
      source: (name) => {
        const fd = locks.fdOf(name);
        if (fd === undefined) throw new Error(`${nameText(name)} was not claimed`);
        return { fd, path: directories.pathOf(name) };
      },
      pathOf: (name) => directories.pathOf(name),
      pathOfNew: (name) => directories.pathOfNew(name),
    });
  } catch (error) {
    throw directories.explain(error, image);
  } finally {
    locks.close();
    directories.close();
  }
}

/** One request for each image, under one of its names. */
function requestsOf(graph: ImageGraph, claims: readonly Claim[]): LockRequest[] {
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
