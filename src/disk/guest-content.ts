import { closeSync, readSync } from 'node:fs';
import { COW_HEADER_BYTES, type Cow, decodeCow, SECTOR } from './cow-format.ts';
import { type ImageContent, type ReadAt, recogniseImage } from './filesystem.ts';
import type { ImageName, ImageStore } from './image-name.ts';
import { openImage } from './open-image.ts';

/** What the guest sees on a disk. */
export interface GuestContent {
  readonly content: ImageContent | undefined;
  /** Bytes. */
  readonly size: number;
}

/**
 * What a guest sees through a COW image: the file system may be that of the backing file, or one that the guest has
 * made. Reads some sectors of both.
 *
 * @throws UmlmonError COW_FORMAT, and the errors of openImage
 */
export function lookThroughCow(cow: ImageName, backing: ImageName, store: ImageStore): GuestContent {
  const upper = openImage(cow, store, 'ro');
  try {
    const lower = openImage(backing, store, 'ro');
    try {
      const { size, hostPath } = upper.facts;
      const format = decodeCow(readPart(upper.fd, 0, COW_HEADER_BYTES), size, hostPath);
      const content = recogniseImage(overlay(upper.fd, format, lower.fd), lower.facts.size);
      return { content, size: lower.facts.size };
    } finally {
      closeSync(lower.fd);
    }
  } finally {
    closeSync(upper.fd);
  }
}

/** Reads the backing file, and in its place each sector whose bit is set in the COW file. */
function overlay(cowFd: number, cow: Cow, backingFd: number): ReadAt {
  return (offset, length) => {
    const bytes = readPart(backingFd, offset, length);
    const first = Math.floor(offset / SECTOR);
    const end = Math.min(Math.ceil((offset + bytes.length) / SECTOR), cow.recorded);
    if (end <= first) return bytes;
    const firstByte = Math.floor(first / 8);
    const bits = readPart(cowFd, cow.bitmapOffset + firstByte, Math.ceil(end / 8) - firstByte);
    for (let sector = first; sector < end; sector++) {
      if ((((bits[(sector >> 3) - firstByte] ?? 0) >> (sector & 7)) & 1) === 0) continue;
      const from = Math.max(sector * SECTOR, offset);
      const to = Math.min((sector + 1) * SECTOR, offset + bytes.length);
      readPart(cowFd, cow.dataOffset + from, to - from).copy(bytes, from - offset);
    }
    return bytes;
  };
}

/** Fewer bytes at the end of the file. */
function readPart(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
}
