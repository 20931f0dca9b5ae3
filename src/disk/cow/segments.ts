/** Pure. */
import { findClear, findSet } from './bitmap.ts';
import type { BitmapPart } from './file.ts';

/** Sectors that come next to each other in an image, and where their data is. */
export interface Segment {
  readonly source: 'cow' | 'backing' | 'mixed';
  /** First sector. */
  readonly start: number;
  /** The sector after the last. */
  readonly end: number;
}

/**
 * Divides an image for copying: into windows in which both files have sectors, and up to `most` windows together that
 * have only one source.
 *
 * @param window in sectors
 */
export function* segmentsOf(part: BitmapPart, window: number, most: number): Generator<Segment> {
  const { words, first, count } = part;
  for (let start = 0; start < count; ) {
    const limit = Math.min(count, start + window * most);
    const set = findSet(words, start, limit);
    const other = set === start ? findClear(words, start, limit) : set;
    const isPure = other === limit || other - start >= window;
    // Whole windows, so that the next segment starts at a multiple of one.
    const end =
      isPure && other < limit ? other - (other % window) : Math.min(limit, isPure ? limit : start + window);
    const source = !isPure ? 'mixed' : set === start ? 'cow' : 'backing';
    yield { source, start: first + start, end: first + end };
    start = end;
  }
}
