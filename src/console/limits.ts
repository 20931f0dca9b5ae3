/** Bounds of what one console may hold in the monitor. */

const KiB = 1024;

/** Newest output kept for those who connect later: as much as one answer of the control protocol carries. */
export const RING_BYTES = 64 * KiB;

/** First size of a ring: a screen of text. It doubles up to RING_BYTES as output comes. */
export const RING_FIRST_BYTES = 4 * KiB;

/** Output taken from one console before the others have their turn. A pty gives 4 KiB per read. */
export const READ_BYTES = 64 * KiB;

/** Most that a pty gives per read(2) (n_tty); less free room than this ends a turn. */
export const PTY_READ_BYTES = 4 * KiB;

/** What a pty holds, a little less than its buffers (tty_buffer.c, n_tty.c). */
export const PTY_BYTES = 64 * KiB;

/** Typed or pasted input that waits for a guest which does not read it. */
export const WRITE_QUEUE_BYTES = 64 * KiB;

/** Readers that wait for the output of one console at the same time. */
export const WAITERS = 64;

/** Between attempts to write a log that failed, e.g. on a full disk. */
export const LOG_RETRY_MS = 1000;

/**
 * Output after which a silence may mean that the kernel is stuck (see Channel): a quarter of what a pty holds, so that
 * a pty cannot have been full with less.
 */
export const STALL_BYTES = PTY_BYTES / 4;

/** When to wake a kernel that is silent after so much output: soon, and again in case the host was busy then. */
export const STALL_MS = [2, 30, 300, 3000];
