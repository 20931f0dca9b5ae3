/** Pure. */
import type { CowHeader } from './format.ts';

/**
 * Recorded as the time of the backing file while its COW file is merged into it. No kernel opens a COW file that
 * records it (it means the year 2106), and an interrupted merge is known by it.
 */
export const MERGING_MTIME = 0xff_ff_ff_ff;

/** Whether an in-place merge of the COW file was started and not finished. */
export function isMerging({ mtime }: Pick<CowHeader, 'mtime'>): boolean {
  return mtime === MERGING_MTIME;
}

/**
 * Text: how a backing file differs from what a COW file recorded of it; empty if the kernel will accept
 * the pair (backing_file_mismatch in ubd_kern.c). Times are in seconds since 1970.
 */
export function backingChanges(
  recorded: Pick<CowHeader, 'size' | 'mtime'>,
  actual: { readonly size: number; readonly mtime: number },
): string[] {
  const changes: string[] = [];
  if (actual.size !== recorded.size) changes.push(`it has ${actual.size} bytes instead of ${recorded.size}`);
  if (isMerging(recorded)) changes.push('a merge into it was interrupted');
  // The kernel keeps 32 bits of the time.
  else if (actual.mtime >>> 0 !== recorded.mtime)
    changes.push(
      `its modification time is ${utcTimeText(actual.mtime)} instead of ${utcTimeText(recorded.mtime)}`,
    );
  return changes;
}

function utcTimeText(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? `${seconds} s` : time.toISOString().replace('.000', '');
}
