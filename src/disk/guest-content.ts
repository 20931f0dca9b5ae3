import { closeSync } from 'node:fs';
import { readCow } from './cow-file.ts';
import { cowReaderOf } from './cow-reader.ts';
import { type ImageContent, recogniseImage } from './filesystem.ts';
import { readerOf } from './image-file.ts';
import type { ImageName, ImageStore } from './image-name.ts';
import { type Ids, mayReach } from './image-rights.ts';
import { openImage } from './open-image.ts';

/** What the guest sees on a disk. */
export interface GuestContent {
  readonly content: ImageContent | undefined;
  /** Bytes. */
  readonly size: number;
}

/**
 * What a guest sees through a COW image: the file system may be that of the backing file, or one that the guest has
 * made. Reads some sectors of both. Undefined if the VM's user may not read one of them: then nobody is told of it.
 *
 * @throws UmlmonError COW_FORMAT, and the errors of openImage
 */
export function lookThroughCow(
  image: ImageName,
  backing: ImageName,
  store: ImageStore,
  user: Ids,
): GuestContent | undefined {
  const upper = openImage(image, store, 'ro');
  try {
    const lower = openImage(backing, store, 'ro');
    try {
      if (![upper, lower].every(({ facts }) => mayReach(facts, user, 4))) return undefined;
      const cow = readCow(upper.fd, upper.facts.hostPath);
      const { size } = lower.facts;
      return { content: recogniseImage(cowReaderOf(upper.fd, cow, readerOf(lower.fd)), size), size };
    } finally {
      closeSync(lower.fd);
    }
  } finally {
    closeSync(upper.fd);
  }
}
