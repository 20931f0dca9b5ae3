import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { takeOver } from '../system/files/file-attributes.ts';
import { consoleLimits } from '../system/limits/limits.ts';
import {
  LOG_FILE_MODE,
  type LogSegment,
  logSegmentsOf,
  readBaseFile,
  readSegments,
  removeRotatedFrom,
  rotatedFiles,
  rotateNames,
  statIfExists,
  writeBaseFile,
} from './log-files.ts';
import type { Piece } from './ring.ts';
import { countForCurrentFile, findBase } from './rotation.ts';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const APPEND = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW;

export interface LogOptions {
  /** Largest size of one file in bytes. */
  readonly maxBytes: number;
  /** Rotated files kept beside the current one: NAME.1 (newest) … NAME.<keep>. */
  readonly keep: number;
  /** Formats the note about missing bytes; by default as a console shows it. */
  readonly note?: (text: string) => string;
  /** Milliseconds of a clock; for tests. */
  readonly now?: () => number;
}

/** A log that can no longer be written, or can be written again after `missing` bytes were lost. */
export type LogChange = { readonly failed: string } | { readonly missing: number };

/** A line of umlmon's own in the output of a console, which is in raw mode and may be in the middle of a line. */
export function note(text: string): string {
  return `\r\n[umlmon: ${text}]\r\n`;
}

/**
 * A log file that rotates by size, and that can be read by offset from the start of the log, over all rotations. Disk
 * errors are not errors for the writer: lost bytes are counted in `dropped`, and the reason is in `error`. Writing is
 * retried after a second. When it works again, a note in the log gives the number of missing bytes.
 *
 * Also a destination for pino.
 */
export class ConsoleLog {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #now: () => number;
  readonly #note: (text: string) => string;
  /** Called once when writing fails, and once when it works again. */
  onChange: ((change: LogChange) => void) | undefined;
  #fd: number | undefined;
  /** Offset of the first byte of the current file. */
  #base = 0;
  #size = 0;
  #dropped = 0;
  #unsaid = 0;
  /** Value of `#dropped` when writing failed, before the bytes of that write. */
  #droppedBefore = 0;
  #error = '';
  #checked = Number.NEGATIVE_INFINITY;
  #failed = Number.NEGATIVE_INFINITY;

  constructor(
    path: string,
    { maxBytes, keep, note: form = note, now = () => performance.now() }: LogOptions,
  ) {
    this.path = path;
    this.#maxBytes = Math.max(1, maxBytes);
    this.#keep = keep;
    this.#now = now;
    this.#note = form;
    this.#load();
  }

  /** Bytes that could not be written since this object exists. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Those of them that the log does not mention yet. */
  get unsaid(): number {
    return this.#unsaid;
  }

  /** Why the newest write failed; empty if it did not. */
  get error(): string {
    return this.#error;
  }

  /** Offset of the oldest byte that is still in a file. */
  get oldest(): number {
    return this.#segments()[0]?.offset ?? this.#base;
  }

  /** Offset of the next byte to come. */
  get end(): number {
    return this.#base + this.#size;
  }

  /** Writes at once and without a copy; never throws. */
  append(bytes: Uint8Array): void {
    const now = this.#now();
    if (now - this.#failed < consoleLimits.logRetry) {
      this.#drop(bytes.length);
      return;
    }
    let done = 0;
    try {
      this.#open(now);
      if (this.#unsaid > 0) this.#sayWhatIsMissing();
      while (done < bytes.length) done += this.#writeSome(bytes.subarray(done));
    } catch (error) {
      if (this.#error === '') this.#droppedBefore = this.#dropped;
      this.#drop(bytes.length - done);
      this.#failed = now;
      this.close();
      this.#setError(words(error));
      return;
    }
    this.#failed = Number.NEGATIVE_INFINITY;
    this.#setError('');
  }

  #drop(bytes: number): void {
    this.#dropped += bytes;
    this.#unsaid += bytes;
  }

  #sayWhatIsMissing(): void {
    const text = Buffer.from(this.#note(`${this.#unsaid} bytes not logged: ${reason(this.#error)}`));
    for (let done = 0; done < text.length; ) done += this.#writeSome(text.subarray(done));
    this.#unsaid = 0;
  }

  /** The last step of a write, because `onChange` may write to this log again. */
  #setError(error: string): void {
    const before = this.#error;
    this.#error = error;
    if (error !== '' && before === '') this.onChange?.({ failed: reason(error) });
    else if (error === '' && before !== '') this.onChange?.({ missing: this.#dropped - this.#droppedBefore });
  }

  /** The form in which pino writes. */
  write(line: string): void {
    this.append(Buffer.from(line));
  }

  /**
   * At most `max` bytes from `offset` on, or from the oldest byte if that is gone. What cannot be read is left out.
   */
  read(offset: number, max: number): Piece {
    const from = Math.min(Math.max(offset, 0), this.end);
    const { parts, end: at } = readSegments(this.#segments(), from, max);
    const data = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    if (data.length === 0) return { offset: max > 0 ? this.end : from, data };
    return { offset: at - data.length, data };
  }

  /**
   * Continues in the file that now has the name, or creates it, after another program has moved the old one. No bytes are
   * lost, and offsets continue. Never throws.
   */
  reopen(): void {
    this.#checked = Number.NEGATIVE_INFINITY;
    this.#failed = Number.NEGATIVE_INFINITY;
    this.append(new Uint8Array());
  }

  /** Closes the file; the next `append` opens it again. */
  close(): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    try {
      closeSync(fd);
    } catch (error) {
      this.#error = words(error);
    }
  }

  /** Writes as much as fits into the current file, or rotates; returns the bytes written. */
  #writeSome(bytes: Uint8Array): number {
    const length = countForCurrentFile(bytes, this.#size, this.#maxBytes);
    if (length === 0) {
      this.#rotate();
      return 0;
    }
    const written = writeSync(this.#fd ?? -1, bytes.subarray(0, length));
    this.#size += written;
    return written;
  }

  /** Makes sure, once a second, that the open file is the one with our name, and as long as we think. */
  #open(now: number): void {
    if (this.#fd !== undefined && now - this.#checked < consoleLimits.logRetry && now >= this.#checked)
      return;
    if (this.#fd !== undefined && statIfExists(this.path)?.ino !== fstatSync(this.#fd).ino) this.close();
    const end = this.end;
    const opened = this.#fd === undefined;
    this.#fd ??= openSync(this.path, APPEND, LOG_FILE_MODE);
    const { size } = fstatSync(this.#fd);
    const moved = size !== this.#size;
    this.#size = size;
    // Another program emptied or removed the file: offsets continue.
    if (moved) this.#base = Math.max(0, end - size);
    if (opened || moved) this.#writeBase();
    this.#checked = now;
  }

  #rotate(): void {
    this.close();
    const end = this.end;
    const former = openSync(this.path, O_RDONLY | O_NOFOLLOW);
    try {
      rotateNames(this.path, this.#keep);
      this.#base = end;
      this.#size = 0;
      this.#fd = openSync(this.path, APPEND, LOG_FILE_MODE);
      takeOver(former, this.#fd);
    } finally {
      closeSync(former);
    }
    this.#writeBase();
  }

  #writeBase(): void {
    const { ino } = fstatSync(this.#fd ?? -1);
    writeBaseFile(this.path, { offset: this.#base, ino });
  }

  /** Finds out where a former writer stopped, and removes rotated files that are too many now. */
  #load(): void {
    try {
      const current = statIfExists(this.path);
      this.#base = findBase({
        current,
        rotated: rotatedFiles(this.path),
        base: readBaseFile(this.path),
      });
      this.#size = current?.size ?? 0;
      removeRotatedFrom(this.path, this.#keep + 1);
    } catch (error) {
      this.#error = words(error);
    }
  }

  #segments(): LogSegment[] {
    return logSegmentsOf(this.path, { offset: this.#base, size: this.#size });
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The words of the system in an error message of Node: `ENOSPC: no space left on device, write`. */
function reason(message: string): string {
  return /^E[A-Z0-9]+: (.+?), /.exec(message)?.[1] ?? message;
}
