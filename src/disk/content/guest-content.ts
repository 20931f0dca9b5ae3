import { closeSync } from 'node:fs';
import { readCow } from '../cow/file.ts';
import { cowReaderOf } from '../cow/reader.ts';
import { imageReader } from '../names/image-file.ts';
import type { ImageName, ImageStore } from '../names/image-name.ts';
import { type CallerIds, mayReach } from '../names/image-rights.ts';
import { openImage } from '../names/open-image.ts';
import type { ReadAt } from './filesystem.ts';
import { type ForeignFormat, isBlank, isIso, recogniseForeign } from './other-formats.ts';
import type { PartitionTable } from './partition-table.ts';
import { recognisePartitions } from './partition-table.ts';
import { type ImageContent, recogniseImage } from './recognise.ts';

/** What the guest sees on a disk. */
export interface GuestContent {
  readonly content: ImageContent | undefined;
  /** The partition table, also where the disk holds a file system as a whole. */
  readonly table: PartitionTable | undefined;
  /** What it is instead of a disk; undefined if no magic number matches. */
  readonly foreign: ForeignFormat | undefined;
  /** Whether its first bytes are all zero. */
  readonly blank: boolean;
  readonly iso: boolean;
  /** Its first bytes in hexadecimal. */
  readonly head: string;
  /** Bytes. */
  readonly size: number;
}

/** Bytes of `head`. */
const headBytes = 8;

/** Pure but for what `readAt` does. */
export function examineContent(readAt: ReadAt, size: number): GuestContent {
  const within: ReadAt = (offset, length) =>
    offset < size ? readAt(offset, Math.min(length, size - offset)) : Buffer.alloc(0);
  return {
    content: recogniseImage(within, size),
    table: recognisePartitions(within, size),
    foreign: recogniseForeign(within),
    blank: isBlank(within, size),
    iso: isIso(within),
    head: within(0, headBytes).toString('hex'),
    size,
  };
}

/**
 * What a guest sees of an image that is not a COW image. Reads some sectors. Undefined if the VM's user may not read it:
 * then umlmon must not reveal its content.
 *
 * @throws UmlmonError those of openImage
 */
export function lookIntoImage(
  image: ImageName,
  store: ImageStore,
  user: CallerIds,
): GuestContent | undefined {
  const { fd, facts } = openImage(image, store, 'ro');
  try {
    return mayReach(facts, user, 4) ? examineContent(imageReader(fd), facts.size) : undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * What a guest sees through a COW image: the file system may be that of the backing file, or one that the guest has
 * created. Reads some sectors of both. Undefined if the VM's user may not read one of them: umlmon must not reveal them.
 *
 * @throws UmlmonError COW_FORMAT, and the errors of openImage
 */
export function lookThroughCow(
  image: ImageName,
  backing: ImageName,
  store: ImageStore,
  user: CallerIds,
): GuestContent | undefined {
  const upper = openImage(image, store, 'ro');
  try {
    const lower = openImage(backing, store, 'ro');
    try {
      if (![upper, lower].every(({ facts }) => mayReach(facts, user, 4))) return undefined;
      const cow = readCow(upper.fd, upper.facts.hostPath);
      const { size } = lower.facts;
      return examineContent(cowReaderOf(upper.fd, cow, imageReader(lower.fd)), size);
    } finally {
      closeSync(lower.fd);
    }
  } finally {
    closeSync(upper.fd);
  }
}
