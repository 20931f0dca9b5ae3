/** Pure. */
import type { LineBuffers } from './search-memory.ts';

/** A buffer that was recognised: where it is in the memory of the guest, and its tail before. */
interface Recognised {
  readonly place: number | undefined;
  readonly tail: number;
}

/**
 * The buffers that are former mappings of others. A UML kernel removes mappings of vmalloc() late. The first page of such
 * a mapping is that of the terminal; the last page, with the tail, is in use for other data since. So of buffers at the
 * same place, the terminal's is one whose tail advances. Until one does, each of them is a candidate.
 *
 * @returns their addresses in the kernel
 */
export function aliasesOf(known: ReadonlyMap<number, Recognised>, buffers: LineBuffers): number[] {
  const isRead = (at: number, { tail }: Recognised) => {
    const now = buffers.get(at);
    return now !== undefined && now.tail > tail && now.tail <= now.head;
  };
  const read = new Set<number>();
  for (const [at, one] of known) if (one.place !== undefined && isRead(at, one)) read.add(one.place);
  return [...known].flatMap(([at, one]) =>
    one.place !== undefined && read.has(one.place) && !isRead(at, one) ? [at] : [],
  );
}
