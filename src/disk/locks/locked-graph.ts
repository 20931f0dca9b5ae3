import { diskLimits } from '../../system/limits/limits.ts';
import { Pacer } from '../../system/pacer.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { type FoundImage, graphPieces, type ImageGraph } from '../store/graph.ts';
import type { Scan } from '../store/scan.ts';
import type { LockedImage } from './image-lock.ts';

/**
 * The images of a scan. Locked images have the sizes, times, rights and header from the moment of locking. All
 * decisions use that one reading of the header. Reads no files; the event loop runs meanwhile.
 */
export async function lockedGraph(
  { graph, found }: Scan,
  held: readonly { readonly image: ImageName; readonly locked?: LockedImage }[],
): Promise<ImageGraph> {
  const locked = new Map(held.map((one) => [nameText(one.image), one.locked]));
  const images = found.map((image): FoundImage => {
    const now = locked.get(nameText(image.name));
    // Another file, under the name of a held one: the ids differ, and the decision sees that.
    if (!now || now.facts.id !== image.id) return image;
    const { size, allocated, mtime, links, uid, gid, mode, way } = now.facts;
    const header = now.header === undefined ? {} : { header: now.header };
    return { ...image, size, allocated, mtime, links, uid, gid, mode, way, ...header };
  });
  const building = graphPieces(images, graph.holdings, graph.store, graph.unknown);
  return new Pacer(diskLimits.scanSlice).run(building);
}
