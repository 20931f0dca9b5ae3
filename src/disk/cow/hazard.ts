import type { Filesystem } from '../content/filesystem.ts';
import type { ImageContent } from '../content/recognise.ts';

/** ubd reads segments of up to a page. One that is partly in the COW file shifts all that come after it. */
export const SEGMENT = 4096;

/**
 * The kernel writes two 64-bit units of the bitmap at once. For the last unit of a bitmap it starts one unit earlier
 * (cowify_bitmap() of ubd_kern.c): that lies before the start of a bitmap with only one unit.
 */
const TINY = 64 * 512;

/**
 * Why the kernel would read wrong data through a COW file over an image; undefined if it is safe. The fault is in
 * do_io() of ubd_kern.c. Within one request, a segment of 4 KiB may have only some sectors in the COW file. Then the
 * kernel reads all later segments from the wrong place. A file system that writes aligned units of at least 4 KiB never
 * has such segments.
 *
 * @param content of the image; undefined if it holds nothing that is known
 * @param size of the image in bytes
 */
export function cowHazard(content: ImageContent | undefined, size: number): string | undefined {
  if (size > 0 && size <= TINY)
    return `the image has ${TINY} bytes or less: the kernel hangs when it writes to a COW file over it`;
  if (content === undefined) return undefined;
  if (content.holds === 'filesystem') return filesystemHazard(content);
  for (const { number, start, content: inner } of content.partitions) {
    if (start % SEGMENT !== 0)
      return `partition ${number} starts at byte ${start}, not at a multiple of ${SEGMENT}: ${consequence}`;
    const hazard = inner && filesystemHazard(inner);
    if (hazard !== undefined) return `in partition ${number}, ${hazard}`;
  }
  return undefined;
}

const consequence = 'the kernel would read wrong data through a COW file';

function filesystemHazard({ kind, unit, blockSize }: Filesystem): string | undefined {
  if (unit === 0 || unit >= SEGMENT) return undefined;
  const what = unit === blockSize ? 'has blocks' : 'writes sectors';
  return `the ${kind} file system ${what} of ${unit} bytes, less than ${SEGMENT}: ${consequence}`;
}
