/**
 * What an image holds, by the magic numbers of its first sectors. Images are hostile: every result is a number or a
 * short text, and partitions are followed up to a limit.
 */
import { type Filesystem, type ReadAt, recogniseFilesystem } from './filesystem.ts';
import { type PartitionTable, recognisePartitions } from './partition-table.ts';

export type ImageContent = Filesystem | PartitionTable;

/** What an image of `size` bytes holds; undefined if nothing is recognised. */
export function recogniseImage(readAt: ReadAt, size: number): ImageContent | undefined {
  const within: ReadAt = (offset, length) => (offset < size ? readAt(offset, length) : Buffer.alloc(0));
  // A boot sector of FAT ends like a partition table.
  return recogniseFilesystem(within) ?? recognisePartitions(within, size);
}
