/** The disk commands: what is asked, where, by whom, what is claimed for it, and what comes of it. */
import type { ImageSource } from '../names/image-file.ts';
import type { ImageName, ImageStore } from '../names/image-name.ts';
import type { CallerIds } from '../names/image-rights.ts';
import type { Owner } from '../names/new-place.ts';
import type { ImagePlace } from '../names/open-image.ts';
import type { ImageGraph } from '../store/graph.ts';

/** A disk command. Sizes are in bytes; names of snapshots are those of snapshotName(). */
export type DiskCommand =
  /** Sparse; ext4 always with blocks of 4096 bytes. */
  | { verb: 'create'; image: ImageName; size: number; filesystem?: 'ext4' }
  | { verb: 'delete'; image: ImageName }
  /** Shares blocks with the original where the file system can, and is as sparse as it. */
  | { verb: 'copy'; image: ImageName; target: ImageName }
  /** Shrinks only what was shrunk inside, unless `filesystem` requests to resize that too. */
  | { verb: 'resize'; image: ImageName; size: number; filesystem?: boolean }
  /** A COW image or device into a flat image, or a flat image into one whose zeros are holes. */
  | { verb: 'convert'; image: ImageName; target: ImageName }
  /** Looks for damage of ext2, ext3 and ext4; a COW image as its guest sees it. */
  | { verb: 'check'; image: ImageName }
  | { verb: 'cow-create'; image: ImageName; backing: ImageName }
  /** Into a new image, or without one into the backing file; the COW image is then empty. */
  | { verb: 'cow-merge'; image: ImageName; target?: ImageName }
  /**
   * The content stays the same: blocks that differ are copied from the present backing file. `sameContent` asserts that no
   * block differs, for a backing file that is missing or was touched.
   */
  | { verb: 'cow-rebase'; image: ImageName; backing: ImageName; sameContent?: boolean }
  | { verb: 'snapshot'; image: ImageName; name: string }
  | { verb: 'rollback'; image: ImageName; name: string }
  | { verb: 'snapshot-delete'; image: ImageName; name: string };

export interface DiskResult {
  /** One line for users. */
  readonly summary: string;
  /** nameText of what was made or changed. */
  readonly image: string;
  /** Bytes written, or size of the image. */
  readonly bytes: number;
  /** Output of a tool, some lines. */
  readonly report?: string;
}

export interface DiskHost {
  readonly store: ImageStore;
  /** Holder of the locks, such as `@umladmin.123`. Each concurrent command needs its own. */
  readonly by: string;
  /** Of new images. */
  readonly owner: Owner;
  /** Who asks for it, and so what may be done to which images. */
  readonly caller: ImageCaller;
}

/** An image that is locked during a disk command. */
export interface Claim {
  readonly image: ImageName;
  /** How it is locked. */
  readonly mode: 'rw' | 'ro';
  /** What the command does: it reads or writes the content, or removes the name. */
  readonly use: 'read' | 'write' | 'name';
  /** The COW image whose header names this image, if no argument of the command names it. */
  readonly via?: ImageName;
}

export interface VmCaller {
  readonly vm: string;
  readonly user: CallerIds & { readonly name: string };
}

/** Who asks for something to be done to images. */
export type ImageCaller =
  /**
   * A client of a VM, with the rights of its guest. It can use /disks as far as the VM's user can.
   * It can read, not change, /shared/disks, which all VMs read (umlmon(7): "one can place here backing files").
   */
  | (VmCaller & { readonly kind: 'vm' })
  /** The kernel of a VM, by its configuration: what the VM's user may use, in both places. */
  | (VmCaller & { readonly kind: 'kernel' })
  /** The administrator of the host, with the rights of this process. */
  | {
      readonly kind: 'administrator';
      /** The user of a VM; undefined if it is not known. */
      readonly userOf: (vm: string) => CallerIds | undefined;
      /** Whether to follow a header that the guest may have written; not asked while images are locked. */
      readonly ask: (question: Question) => Promise<boolean>;
    };

/** An image that a header names which a guest may have written, and which the guest itself could not use so. */
export interface Question {
  /** The COW image with the header. */
  readonly cow: ImageName;
  /** What the header names. */
  readonly image: ImageName;
  readonly use: 'read' | 'write';
}

/** What a disk command works with while its images are locked. */
export interface Work {
  readonly graph: ImageGraph;
  /** An image that was claimed, as it was locked. */
  readonly source: (image: ImageName) => ImageSource;
  /** The place of an existing image, or of a new image that is named after it. */
  readonly placeOf: (image: ImageName) => ImagePlace;
  /** The same for a new image; its place may be new too. Errors: IMAGE_NOT_OWNED. */
  readonly placeOfNew: (image: ImageName) => ImagePlace;
}
