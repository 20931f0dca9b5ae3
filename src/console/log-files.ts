/** The files of a console log: NAME (current), NAME.1 (newest rotated) … NAME.<keep>, and NAME.base. */
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type Base, formatBase, parseBase } from './rotation.ts';

const { O_CREAT, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = constants;

/** Permission bits of new log files. */
export const LOG_FILE_MODE = 0o640;

/** The part of a log in one file. */
export interface LogSegment {
  readonly path: string;
  /** Bytes from the start of the log to the first byte of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** Status of NAME.1, NAME.2, … up to the first that is missing. */
export function rotatedFiles(path: string): Stats[] {
  const found: Stats[] = [];
  for (let i = 1; ; i++) {
    const stats = statIfExists(`${path}.${i}`);
    if (!stats) return found;
    found.push(stats);
  }
}

/** Removes NAME.<first> and all later ones. Errors: those of node:fs. */
export function removeRotatedFrom(path: string, first: number): void {
  for (let i = first; statIfExists(`${path}.${i}`); i++) rmSync(`${path}.${i}`);
}

/** Renames NAME to NAME.1, NAME.1 to NAME.2, …, and removes the oldest file. Errors: those of node:fs. */
export function rotateNames(path: string, keep: number): void {
  rmSync(`${path}.${keep}`, { force: true });
  for (let i = keep - 1; i >= 1; i--) renameIfExists(`${path}.${i}`, `${path}.${i + 1}`);
  if (keep > 0) renameSync(path, `${path}.1`);
  else rmSync(path, { force: true });
}

/** All files of a log, oldest first. */
export function logSegmentsOf(path: string, current: Omit<LogSegment, 'path'>): LogSegment[] {
  const segments: LogSegment[] = [{ path, ...current }];
  let { offset } = current;
  for (const [i, { size }] of rotatedFiles(path).entries()) {
    offset -= size;
    // The log starts at offset 0: a file that would start earlier does not belong to it.
    if (offset < 0) break;
    segments.unshift({ path: `${path}.${i + 1}`, offset, size });
  }
  return segments;
}

/**
 * At most `max` contiguous bytes, from offset `from` or the first readable byte after it.
 *
 * @returns the pieces, and the offset after the last of their bytes
 */
export function readSegments(
  segments: readonly LogSegment[],
  from: number,
  max: number,
): { readonly parts: Buffer[]; readonly end: number } {
  const parts: Buffer[] = [];
  let at = from;
  let wanted = max;
  for (const segment of segments) {
    if (wanted <= 0 || segment.offset + segment.size <= at) continue;
    if (segment.offset > at && parts.length > 0) break;
    const start = Math.max(at, segment.offset);
    const part = readPart(
      segment.path,
      start - segment.offset,
      Math.min(wanted, segment.offset + segment.size - start),
    );
    if (part.length === 0) continue;
    parts.push(part);
    at = start + part.length;
    wanted -= part.length;
  }
  return { parts, end: at };
}

/** Undefined if NAME.base is missing or malformed. */
export function readBaseFile(path: string): Base | undefined {
  const file = `${path}.base`;
  return parseBase(statIfExists(file) ? readFileSync(file, 'utf8') : '');
}

/** Replaces NAME.base atomically. Errors: those of node:fs. */
export function writeBaseFile(path: string, base: Base): void {
  const file = `${path}.base`;
  const fd = openSync(`${file}.new`, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, LOG_FILE_MODE);
  try {
    writeFileSync(fd, formatBase(base));
  } finally {
    closeSync(fd);
  }
  renameSync(`${file}.new`, file);
}

/** Undefined also for a file that cannot be inspected: opening it reports the error. */
export function statIfExists(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function readPart(path: string, position: number, length: number): Buffer {
  const data = Buffer.allocUnsafe(length);
  try {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW);
    try {
      return data.subarray(0, readSync(fd, data, 0, length, position));
    } finally {
      closeSync(fd);
    }
  } catch {
    return data.subarray(0, 0);
  }
}

function renameIfExists(from: string, to: string): void {
  if (statIfExists(from)) renameSync(from, to);
}
