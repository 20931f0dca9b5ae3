/** Bounds of what the disk room reads, holds and copies. */

const KiB = 1024;
const MiB = 1024 * KiB;
const TiB = 1024 ** 4;

/** The kernel keeps offsets of bitmap and data in a C int (ubd_kern.c): no COW file has its data further behind. */
export const COW_DATA_OFFSET_MAX = 2 ** 31 - 1;

/** So no image under a COW file is bigger: a bitmap of 2 GiB has a bit for each sector of it. */
export const COW_IMAGE_MAX = 8 * TiB;

/** The biggest pages of any Linux; kernels align bitmap and data to pages or sectors. */
export const COW_ALIGNMENT_MAX = 64 * KiB;

/** Part of a bitmap that is read at once: that of 256 MiB. */
export const BITMAP_BYTES = 64 * KiB;

/** An image is merged in windows of this size, with two buffers for each. A cancel is noticed between two. */
export const WINDOW_BYTES = 1 * MiB;

/** Most that one copy_file_range(2) copies: some milliseconds of a helper thread. */
export const COPY_BYTES = 16 * MiB;

/**
 * Smaller gaps between sectors of a COW file are written to the backing file again as they are, which is faster than a
 * write for each run of sectors.
 */
export const MERGE_GAP_BYTES = 32 * KiB;

/** Logical partitions followed before a table is taken for a loop. */
export const PARTITIONS_MAX = 128;
