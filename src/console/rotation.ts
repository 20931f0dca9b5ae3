/** Pure. */
const newline = 0x0a;

/**
 * How many of `bytes` fit into the current file of a log before rotation. All, or up to the last line end that fits.
 * A file never exceeds `max`, and a line that is longer than a file is cut.
 *
 * @param size bytes in the current file
 * @param max largest size of a file, at least 1
 */
export function countForCurrentFile(bytes: Uint8Array, size: number, max: number): number {
  const room = Math.max(0, max - size);
  if (bytes.length <= room) return bytes.length;
  const lines = room === 0 ? 0 : bytes.lastIndexOf(newline, room - 1) + 1;
  return lines === 0 && size === 0 ? room : lines;
}

/** The offset of the file with this inode number in the stream of a log. */
export interface Base {
  readonly offset: number;
  readonly ino: number;
}

/** Text of a `.base` file. */
export function formatBase({ offset, ino }: Base): string {
  return `${offset} ${ino}\n`;
}

/** Undefined if the text is not that of a `.base` file. */
export function parseBase(text: string): Base | undefined {
  const match = /^(\d{1,15}) (\d{1,20})\n$/.exec(text);
  return match ? { offset: Number(match[1]), ino: Number(match[2]) } : undefined;
}

/** What exists of a log. */
export interface LogFiles {
  /** The current file, if there is one. */
  readonly current: { readonly ino: number } | undefined;
  /** Sizes and inodes of .1, .2, … up to the first that is missing. */
  readonly rotated: readonly { readonly size: number; readonly ino: number }[];
  readonly base: Base | undefined;
}

/**
 * Offset of the first byte of the current file. The inode number identifies the file of the base, so that
 * a rotation which was cut short is completed.
 */
export function findBase({ current, rotated, base }: LogFiles): number {
  const [newest] = rotated;
  if (base === undefined) return rotated.reduce((sum, { size }) => sum + size, 0);
  if (base.ino !== current?.ino && base.ino === newest?.ino) return base.offset + newest.size;
  return base.offset;
}
