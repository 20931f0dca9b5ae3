import type { ReadAt } from '../content/filesystem.ts';
import { imageReader } from '../names/image-file.ts';
import { type Cow, SECTOR } from './format.ts';

/** Reads a few bytes as the guest sees them: sectors whose bit is set from the COW file, others from below. */
export function cowReaderOf(fd: number, cow: Cow, backing: ReadAt): ReadAt {
  const read = imageReader(fd);
  return (offset, length) => {
    const end = Math.min(offset + length, cow.size);
    if (end <= offset) return Buffer.alloc(0);
    const [first, last] = [Math.floor(offset / SECTOR), Math.ceil(end / SECTOR)];
    const firstByte = Math.floor(first / 8);
    const bitmap = read(cow.bitmapOffset + firstByte, Math.ceil(last / 8) - firstByte);
    const sectors = Buffer.alloc((last - first) * SECTOR);
    for (let sector = first; sector < last; sector++) {
      const bits = sector < cow.recorded ? (bitmap[Math.floor(sector / 8) - firstByte] ?? 0) : 0;
      const isChanged = ((bits >> (sector % 8)) & 1) === 1;
      const bytes = isChanged
        ? read(cow.dataOffset + sector * SECTOR, SECTOR)
        : backing(sector * SECTOR, SECTOR);
      bytes.copy(sectors, (sector - first) * SECTOR);
    }
    return sectors.subarray(offset - first * SECTOR, end - first * SECTOR);
  };
}
