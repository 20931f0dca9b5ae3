import type { DiskCommandName } from './disk-commands.ts';

/** Text of the manual pages for disk commands, after their line of help. */
export const diskCommandDetails: Readonly<Record<DiskCommandName, string>> = {
  list: `Prints name, kind, size, space on the disk of the host, backing file, lock holder, snapshots, and problems.`,
  info: `Includes the content of the image, and whether a COW image over it is possible.`,
  create: `The file takes no space until the guest writes to it. **-ext4** creates a file system, with the blocks of 4096 bytes
that a COW image over it needs.`,
  delete: `Refused if other images depend on it, or if it has snapshots.`,
  copy: `Blocks are shared with the original if the file system of the host supports it. Otherwise the copy is as sparse as the
original.`,
  resize: `An image can always grow. It can shrink only after its content has shrunk. **-filesystem** also resizes an ext4 file
system in it, so that both directions are possible.`,
  convert: `Merges a COW image with its backing file, or reads a device. Zeros of a flat image become holes.`,
  check: `Runs **e2fsck -fn** over ext2, ext3 or ext4; of a COW image, over what its guest sees. Nothing is changed.`,
  'cow-create': `The image is empty. Its backing file must not change any more. The command refuses a file system that the kernel
would read wrongly through a COW image. These have blocks smaller than 4096 bytes, or partitions at another alignment.`,
  'cow-merge': `Into the new flat image *TARGET*. Without *TARGET*, into the backing file, if no other image depends on it; the COW
image is empty then.`,
  'cow-rebase': `The guest sees the same content: differences of the two backing files are copied into the COW image. **-same**
declares that both have the same content, for an old backing file that is missing or was modified.`,
  snapshot: `*SNAPSHOT* is a name. The snapshot is stored beside the image, as */disks/root@SNAPSHOT.dsk*.`,
  rollback: `Data written since the snapshot is lost. The snapshot stays.`,
  'snapshot-delete': ``,
};
