/** File systems, recognised by the magic numbers of their first blocks. The content is hostile. */

/** Gives `length` bytes at `offset` of the image, or fewer at its end. */
export type ReadAt = (offset: number, length: number) => Buffer;

export interface Filesystem {
  readonly holds: 'filesystem';
  readonly kind: 'ext2' | 'ext3' | 'ext4' | 'xfs' | 'btrfs' | 'swap' | 'squashfs' | 'erofs' | 'fat';
  /** Bytes of a block. */
  readonly blockSize: number;
  /** The fewest bytes it writes at once: less than a block for xfs, nothing (0) if it is never written. */
  readonly unit: number;
  /** Bytes, from the superblock. */
  readonly size: number;
  readonly label: string;
  /** From the superblock of ext2, ext3 and ext4. */
  readonly state?: 'clean' | 'not clean' | 'errors';
}

export function recogniseFilesystem(readAt: ReadAt): Filesystem | undefined {
  // Reading zeros beyond the end of the image is simpler than checking for the end.
  const bytes = (offset: number, length: number) => Buffer.concat([readAt(offset, length)], length);
  const first = bytes(0, 4096);
  return (
    recogniseExt(first.subarray(1024)) ??
    recogniseXfs(first) ??
    recogniseSquashfs(first) ??
    recogniseErofs(first.subarray(1024)) ??
    recogniseFat(first) ??
    recogniseSwap(first) ??
    recogniseBtrfs(bytes(65_536, 1024))
  );
}

/** struct ext4_super_block (fs/ext4/ext4.h). */
function recogniseExt(block: Buffer): Filesystem | undefined {
  const logBlockSize = block.readUInt32LE(24);
  if (block.readUInt16LE(56) !== 0xef53 || logBlockSize > 6) return undefined;
  const [compatible, incompatible] = [block.readUInt32LE(92), block.readUInt32LE(96)];
  const isExt4 = (incompatible & (0x40 | 0x80 | 0x200)) !== 0; // extents, 64bit, flex_bg
  const blockSize = 1024 << logBlockSize;
  const blocks = block.readUInt32LE(4) + (incompatible & 0x80 ? block.readUInt32LE(0x150) * 2 ** 32 : 0);
  const state = block.readUInt16LE(58);
  const isClean = (state & 1) !== 0 && (incompatible & 4) === 0; // no journal to replay
  return {
    holds: 'filesystem',
    kind: isExt4 ? 'ext4' : compatible & 4 ? 'ext3' : 'ext2',
    blockSize,
    unit: blockSize,
    size: blocks * blockSize,
    label: textOf(block.subarray(120, 136)),
    state: state & 2 ? 'errors' : isClean ? 'clean' : 'not clean',
  };
}

/** struct xfs_dsb (fs/xfs/libxfs/xfs_format.h). Its log and the heads of its groups are written by sectors. */
function recogniseXfs(block: Buffer): Filesystem | undefined {
  if (block.toString('latin1', 0, 4) !== 'XFSB') return undefined;
  const blockSize = block.readUInt32BE(4);
  const size = Number(block.readBigUInt64BE(8)) * blockSize;
  const unit = Math.min(blockSize, block.readUInt16BE(102));
  return { holds: 'filesystem', kind: 'xfs', blockSize, unit, size, label: textOf(block.subarray(108, 120)) };
}

/** struct squashfs_super_block (fs/squashfs/squashfs_fs.h). */
function recogniseSquashfs(block: Buffer): Filesystem | undefined {
  if (block.toString('latin1', 0, 4) !== 'hsqs') return undefined;
  const size = Number(block.readBigUInt64LE(40));
  return {
    holds: 'filesystem',
    kind: 'squashfs',
    blockSize: block.readUInt32LE(12),
    unit: 0,
    size,
    label: '',
  };
}

/** struct erofs_super_block (fs/erofs/erofs_fs.h). It is never written. */
function recogniseErofs(block: Buffer): Filesystem | undefined {
  const blockBits = block.readUInt8(12);
  if (block.readUInt32LE(0) !== 0xe0f5e1e2 || blockBits < 9 || blockBits > 16) return undefined;
  const blockSize = 1 << blockBits;
  const size = block.readUInt32LE(36) * blockSize;
  return {
    holds: 'filesystem',
    kind: 'erofs',
    blockSize,
    unit: 0,
    size,
    label: textOf(block.subarray(64, 80)),
  };
}

/** The boot sector of FAT12, FAT16 and FAT32, which are written by sectors. */
function recogniseFat(block: Buffer): Filesystem | undefined {
  const unit = block.readUInt16LE(11);
  const isFat = block.toString('latin1', 54, 57) === 'FAT' || block.toString('latin1', 82, 87) === 'FAT32';
  if (!isFat || block.readUInt16LE(510) !== 0xaa55 || ![512, 1024, 2048, 4096].includes(unit))
    return undefined;
  const sectors = block.readUInt16LE(19) || block.readUInt32LE(32);
  const labelAt = block.toString('latin1', 82, 87) === 'FAT32' ? 71 : 43;
  const label = textOf(block.subarray(labelAt, labelAt + 11)).trimEnd();
  const blockSize = unit * block.readUInt8(13);
  return { holds: 'filesystem', kind: 'fat', blockSize, unit, size: sectors * unit, label };
}

/** union swap_header (include/linux/swap.h), for pages of 4 KiB, which all of UML's have. */
function recogniseSwap(block: Buffer): Filesystem | undefined {
  if (block.toString('latin1', 4086, 4096) !== 'SWAPSPACE2') return undefined;
  const size = (block.readUInt32LE(1028) + 1) * 4096;
  const label = textOf(block.subarray(1052, 1068));
  return { holds: 'filesystem', kind: 'swap', blockSize: 4096, unit: 4096, size, label };
}

/** struct btrfs_super_block (include/uapi/linux/btrfs_tree.h). */
function recogniseBtrfs(block: Buffer): Filesystem | undefined {
  if (block.toString('latin1', 64, 72) !== '_BHRfS_M') return undefined;
  const blockSize = block.readUInt32LE(144);
  // Of the device, of which a file system may have several.
  const size = Number(block.readBigUInt64LE(209));
  const label = textOf(block.subarray(299, 299 + 256));
  return { holds: 'filesystem', kind: 'btrfs', blockSize, unit: blockSize, size, label };
}

/** Up to the first NUL, without control characters. */
function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end).replace(/[\x00-\x1f\x7f]/g, '?');
}
