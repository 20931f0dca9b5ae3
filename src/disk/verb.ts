/** What can be done to the images of a host. */

import type { Progress } from './image-file.ts';
import type { ImageName, ImageStore } from './image-name.ts';
import type { Owner } from './new-image.ts';

/** A verb on images. Sizes are in bytes; names of snapshots are those of snapshotName(). */
export type DiskVerb =
  /** Sparse; ext4 always with blocks of 4096 bytes. */
  | { verb: 'create'; image: ImageName; size: number; filesystem?: 'ext4' }
  | { verb: 'delete'; image: ImageName }
  /** Shares blocks with the original where the file system can, and is as sparse as it. */
  | { verb: 'copy'; image: ImageName; target: ImageName }
  /** Shrinks only what has been shrunk inside, unless `filesystem` says to resize that too. */
  | { verb: 'resize'; image: ImageName; size: number; filesystem?: boolean }
  /** A COW image or device into a flat image, or a flat image into one whose zeros are holes. */
  | { verb: 'convert'; image: ImageName; target: ImageName }
  /** Looks for damage of ext2, ext3 and ext4; a COW image as its guest sees it. */
  | { verb: 'check'; image: ImageName }
  | { verb: 'cow-create'; image: ImageName; backing: ImageName }
  /** Into a new image, or without one into the backing file; the COW image is then empty. */
  | { verb: 'cow-merge'; image: ImageName; target?: ImageName }
  | { verb: 'cow-rebase'; image: ImageName; backing: ImageName }
  | { verb: 'snapshot'; image: ImageName; name: string }
  | { verb: 'rollback'; image: ImageName; name: string }
  | { verb: 'snapshot-delete'; image: ImageName; name: string };

export interface DiskResult {
  /** One line for people. */
  readonly summary: string;
  /** nameText of what was made or changed. */
  readonly image: string;
  /** Bytes written, or size of the image. */
  readonly bytes: number;
  /** Words of a tool, some lines of them. */
  readonly report?: string;
}

export interface DiskHost {
  readonly store: ImageStore;
  /** Holder of the locks, such as `@umladmin.123`. Verbs that run at the same time need one each. */
  readonly by: string;
  /** Of new images. */
  readonly owner: Owner;
}

export function runDiskVerb(request: DiskVerb, _host: DiskHost, _progress: Progress): Promise<DiskResult> {
  return Promise.reject(new Error(`${request.verb} is not known`));
}
