/** Bounds of what one console may hold in the monitor. */

const KiB = 1024;

/** Newest output kept for viewers that are slow or come later: what a busy guest says in some 20 ms, or a long session. */
export const RING_BYTES = 1024 * KiB;

/** First size of a ring: a screen of text. It doubles up to RING_BYTES as output comes. */
export const RING_FIRST_BYTES = 4 * KiB;

/** Output taken from one console before the others have their turn. A pty gives 4 KiB per read. */
export const READ_BYTES = 64 * KiB;

/** Most that a pty gives per read(2) (n_tty); less free room than this ends a turn. */
export const PTY_READ_BYTES = 4 * KiB;

/**
 * Most that a pty holds: twice the limit of its buffers (pty.c sets 8 KiB) and what the reading side keeps (n_tty.c).
 * Measured: 13 to 20 KiB, by the sizes of the writes.
 */
export const PTY_BYTES = 20 * KiB;

/** Typed or pasted input that waits for a guest which does not read it. */
export const WRITE_QUEUE_BYTES = 64 * KiB;

/** Readers that wait for the output of one console at the same time. */
export const WAITERS = 64;

/** Between attempts to write a log that failed, e.g. on a full disk. */
export const LOG_RETRY_MS = 1000;

/**
 * Output after which a silence may mean that the kernel is stuck (see Channel): less than the limit of a pty's buffers,
 * so that a pty cannot have been full with less.
 */
export const STALL_BYTES = 4 * KiB;

/**
 * One read of so much means that the guest writes faster than we read, and may meet a full pty: it is woken at once,
 * for the price of one signal (measured: without, every stall costs the first of the times below, and output comes
 * at half the speed).
 */
export const WAKE_BYTES = 2 * PTY_READ_BYTES;

/**
 * Viewers of a flood are told of it in pieces: as much as one answer carries, or what came in two milliseconds. A
 * pty holds so little that the monitor must be back at it in a quarter of a millisecond. Anything less than a flood,
 * such as the echo of a key, is told at once.
 */
export const GATHER_BYTES = 64 * KiB;
export const GATHER_MS = 2;

/** When to wake a kernel that is silent after so much output: soon, and again in case the host was busy then. */
export const STALL_MS = [2, 30, 300, 3000];
