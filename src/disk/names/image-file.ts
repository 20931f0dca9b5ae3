import { constants, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { UmlmonError } from '../../system/errors/errors.ts';
import { reopen } from '../../system/files/reopen.ts';
import type { Cow } from '../cow/format.ts';
import { deviceId, deviceSize } from './block-device.ts';

const { O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** How a slow disk command and its caller communicate. */
export interface DiskProgress {
  /** When aborted, the command ends soon, leaves files unchanged, and throws the reason of the signal. */
  readonly signal?: AbortSignal;
  /** Called from time to time, and at the end with twice the same number. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/**
 * An image that the caller has open, and locked where that matters: it cannot be swapped. It stays open as long as it is
 * used.
 */
export interface ImageSource {
  readonly fd: number;
  /** For messages. */
  readonly path: string;
  /**
   * Of a COW file: its header, as the caller has decided on it. A guest may change the header in the file at any time,
   * lock or not; it is read once, and never again.
   */
  readonly cow?: Cow;
}

export interface ImageFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
  /** Whole seconds since 1970, as the kernel compares them. */
  readonly mtime: number;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
  /** ImageSource.cow */
  readonly cow?: Cow;
}

/**
 * Opens an image once more, for reading or writing, passes it to `use`, and closes it.
 *
 * @throws UmlmonError IMAGE_KIND (neither a regular file nor a block device)
 */
export async function withImage<Result>(
  { fd, path, cow }: ImageSource,
  access: 'read' | 'write',
  use: (image: ImageFile) => Promise<Result>,
): Promise<Result> {
  const handle = await reopen(fd, (access === 'read' ? O_RDONLY : O_RDWR) | O_NONBLOCK);
  try {
    const stat = await handle.stat();
    if (!stat.isFile() && !stat.isBlockDevice())
      throw new UmlmonError('IMAGE_KIND', { place: path, cause: 'not a regular file' });
    const { mtimeMs, uid, gid, mode } = stat;
    const size = stat.isFile() ? stat.size : deviceSize(deviceId(BigInt(stat.rdev)));
    const mtime = wholeSeconds(mtimeMs);
    // Without set-user-ID and set-group-ID bits: the new file may have another content.
    const file = { path, handle, size, mtime, uid, gid, mode: mode & 0o777 };
    return await use(cow ? { ...file, cow } : file);
  } finally {
    await handle.close();
  }
}

/** stat(2) in seconds rounds down, also before 1970. */
export function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** Fills the buffer from `offset` on; fewer bytes only at the end of the file. Returns how many. */
export async function readFully(file: FileHandle, buffer: Uint8Array, offset: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** The same, synchronously, for the few bytes that identify the content of an image. */
export function imageReader(fd: number): (offset: number, length: number) => Buffer {
  return (offset, length) => {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
  };
}

export async function writeFully(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}
