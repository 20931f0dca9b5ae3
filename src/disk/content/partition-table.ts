/** Partition tables of disks with sectors of 512 bytes, which ubd's are. */

import { diskLimits } from '../../system/limits/limits.ts';
import { SECTOR } from '../cow/format.ts';
import { type Filesystem, type ReadAt, recogniseFilesystem } from './filesystem.ts';

const GPT_PROTECTIVE = 0xee;
const extendedTypes = [0x05, 0x0f, 0x85];

export interface Partition {
  readonly number: number;
  /** Bytes from the start of the image. */
  readonly start: number;
  readonly size: number;
  readonly content: Filesystem | undefined;
}

export interface PartitionTable {
  readonly holds: 'partitions';
  readonly kind: 'mbr' | 'gpt';
  readonly partitions: readonly Partition[];
}

interface Extent {
  readonly number: number;
  /** Sectors. */
  readonly start: number;
  readonly count: number;
}

/** @param size bytes of the image; partitions that start beyond its end are left out. */
export function recognisePartitions(readAt: ReadAt, size: number): PartitionTable | undefined {
  const primary = readMbr(readAt, 0);
  if (!primary) return undefined;
  const kind = primary.some(({ type }) => type === GPT_PROTECTIVE) ? 'gpt' : 'mbr';
  const extents =
    kind === 'gpt' ? readGpt(readAt) : [...primaryExtents(primary), ...readLogical(readAt, primary)];
  const partitions = extents
    .map((extent) => ({ ...extent, start: extent.start * SECTOR, size: extent.count * SECTOR }))
    .filter(({ start }) => start < size)
    .map(({ number, start, size: length }): Partition => {
      const content = recogniseFilesystem((offset, wanted) => readAt(start + offset, wanted));
      return { number, start, size: length, content };
    });
  return { holds: 'partitions', kind, partitions };
}

interface MbrEntry extends Extent {
  readonly type: number;
}

/** The four entries of a master or extended boot record; undefined if the sector has no such table. */
function readMbr(readAt: ReadAt, sector: number): MbrEntry[] | undefined {
  const block = readAt(sector * SECTOR, SECTOR);
  if (block.length < SECTOR || block.readUInt16LE(510) !== 0xaa55) return undefined;
  const entries = [0, 1, 2, 3].map((index) => {
    const at = 446 + 16 * index;
    return {
      number: index + 1,
      isBootable: block.readUInt8(at),
      type: block.readUInt8(at + 4),
      start: block.readUInt32LE(at + 8),
      count: block.readUInt32LE(at + 12),
    };
  });
  // Any boot sector ends in these two bytes; in a table the first byte of each entry is one of two.
  return entries.every(({ isBootable }) => isBootable === 0 || isBootable === 0x80) ? entries : undefined;
}

function primaryExtents(entries: readonly MbrEntry[]): Extent[] {
  return entries.filter(({ type, count }) => type !== 0 && count > 0 && !extendedTypes.includes(type));
}

/** Logical partitions: a chain of records, each with one partition and the place of the next record. */
function readLogical(readAt: ReadAt, primary: readonly MbrEntry[]): Extent[] {
  const extended = primary.find(({ type }) => extendedTypes.includes(type));
  const found: Extent[] = [];
  let record = extended?.start;
  while (extended && record !== undefined && found.length < diskLimits.partitions) {
    const [entry, next] = readMbr(readAt, record) ?? [];
    if (!entry || entry.count === 0) break;
    found.push({ number: found.length + 5, start: record + entry.start, count: entry.count });
    record = next && extendedTypes.includes(next.type) ? extended.start + next.start : undefined;
  }
  return found;
}

/** The first entries of a GUID partition table (UEFI specification, chapter 5.3); none if it is damaged. */
function readGpt(readAt: ReadAt): Extent[] {
  const header = readAt(SECTOR, 92);
  if (header.length < 92 || header.toString('latin1', 0, 8) !== 'EFI PART') return [];
  const [count, length] = [Math.min(header.readUInt32LE(80), diskLimits.partitions), header.readUInt32LE(84)];
  if (length < 128 || length > 4096) return [];
  const table = readAt(Number(header.readBigUInt64LE(72)) * SECTOR, count * length);
  return Array.from({ length: Math.floor(table.length / length) }, (_, index) => {
    const entry = table.subarray(index * length);
    const isUsed = !entry.subarray(0, 16).equals(Buffer.alloc(16));
    const [start, last] = [Number(entry.readBigUInt64LE(32)), Number(entry.readBigUInt64LE(40))];
    return { number: index + 1, start, count: isUsed && last >= start ? last - start + 1 : 0 };
  }).filter((extent) => extent.count > 0);
}
