/** Pure. */
import { type ImageName, nameText } from '../names/image-name.ts';
import { buildGraph, type FoundImage, type ImageGraph } from '../store/graph.ts';
import type { Scan } from '../store/scan.ts';
import type { LockedImage } from './image-lock.ts';

/**
 * The images of a scan, where held ones have the facts of the moment of locking: sizes, times, rights. Their header was
 * read once, and all decisions use that reading. Pure.
 */
export function lockedGraph(
  { graph, found }: Scan,
  held: readonly { readonly image: ImageName; readonly locked?: LockedImage }[],
): ImageGraph {
  const locked = new Map(held.map((one) => [nameText(one.image), one.locked]));
  const images = found.map((image): FoundImage => {
    const now = locked.get(nameText(image.name));
    // Another file, under the name of a held one: the ids differ, and the decision sees that.
    if (!now || now.facts.id !== image.id) return image;
    const { size, allocated, mtime, links, uid, gid, mode, way } = now.facts;
    const header = now.header === undefined ? {} : { header: now.header };
    return { ...image, size, allocated, mtime, links, uid, gid, mode, way, ...header };
  });
  return buildGraph(images, graph.holdings, graph.store, graph.unknown);
}
