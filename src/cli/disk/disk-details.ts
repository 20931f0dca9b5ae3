import type { DiskCommandName } from './disk-commands.ts';

/** What the manual pages say of the verbs on images beyond their line of help. */
export const diskCommandDetails: Readonly<Record<DiskCommandName, string>> = {
  list: `Name, kind, size, bytes that it takes of the host's disk, backing file, who has it open, snapshots, and what is wrong
with it.`,
  info: `Also what is in it, and whether a COW image may be made over it.`,
  create: `The file takes no room until the guest writes to it. With **-ext4** it has a file system, with the blocks of
4096 bytes that a COW image over it needs.`,
  delete: `Refused while something depends on it, and while it has snapshots.`,
  copy: `Blocks are shared with the original where the file system of the host can do that; else the copy is as sparse as the
original.`,
  resize: `Larger at once. Smaller only if what is in it has been made smaller before. With **-filesystem** an ext4 in it is
resized too, which makes both ways possible.`,
  convert: `Of a COW image with its backing file, or of a device; a flat image loses its zeros to holes.`,
  check: `Runs **e2fsck -fn** over ext2, ext3 or ext4, of a COW image as its guest sees it. Nothing is changed.`,
  'cow-create': `Empty, over a backing file that must not change any more. Refused over a file system of which the kernel would
read wrong data through a COW image: blocks smaller than 4096 bytes, or partitions that do not begin at one.`,
  'cow-merge': `Into the new flat image *TARGET*; or without it into the backing file, if nobody else depends on that. The COW image
is then empty.`,
  'cow-rebase': `What the guest sees stays the same: what differs between the two backing files is copied into the COW image. With
**-same** the new one is taken to have the content of the former one, where that is gone or was touched.`,
  snapshot: `*SNAPSHOT* is a name. It is kept beside the image, as */disks/root@SNAPSHOT.dsk*.`,
  rollback: `What was written since the snapshot is lost; the snapshot stays.`,
  'snapshot-delete': ``,
};
