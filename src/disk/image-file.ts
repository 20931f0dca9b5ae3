import { constants, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isSystemError, UmlmonError } from '../system/errors.ts';
import { deviceId, deviceSize } from './open-image.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** What a slow verb is told by its caller, and tells it. */
export interface Progress {
  /** When aborted, the verb ends soon, leaves files as they were, and throws the reason of the signal. */
  readonly signal?: AbortSignal;
  /** Called from time to time, and at the end with twice the same number. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/**
 * An image by its path, whose last name is not followed if it is a link; or one that the caller has open and locked,
 * which nobody can swap, with the path for what is done to its name.
 */
export type ImageSource = string | { readonly fd: number; readonly path: string };

export function pathOf(source: ImageSource): string {
  return typeof source === 'string' ? source : source.path;
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
  readonly mode: number;
}

/**
 * Opens an image, passes it to `use`, and closes it.
 *
 * @throws UmlmonError IMAGE_MISSING, IMAGE_KIND (not a regular file)
 */
export async function withImage<Result>(
  source: ImageSource,
  access: 'read' | 'write',
  use: (image: ImageFile) => Promise<Result>,
): Promise<Result> {
  const path = pathOf(source);
  const handle = await openImage(source, access);
  try {
    const stat = await statImage(source, handle);
    const { mtimeMs, uid, gid, mode } = stat;
    const size = stat.isFile() ? stat.size : deviceSize(deviceId(BigInt(stat.rdev)));
    return await use({ path, handle, size, mtime: wholeSeconds(mtimeMs), uid, gid, mode: mode & 0o7777 });
  } finally {
    await handle.close();
  }
}

async function openImage(source: ImageSource, access: 'read' | 'write'): Promise<FileHandle> {
  const path = pathOf(source);
  // O_NONBLOCK in case the path names a FIFO, whose opening would wait.
  const flags = (access === 'read' ? O_RDONLY : O_RDWR) | O_NONBLOCK;
  try {
    if (typeof source === 'string') return await open(path, flags | O_NOFOLLOW);
    return await open(`/proc/self/fd/${source.fd}`, flags);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT')
      throw new UmlmonError('IMAGE_MISSING', { place: path, cause: error.message });
    if (error.code === 'ELOOP')
      throw new UmlmonError('IMAGE_KIND', { place: path, cause: 'a symbolic link' });
    throw error;
  }
}

async function statImage(source: ImageSource, handle: FileHandle) {
  const stat = await handle.stat();
  // Whoever has locked a device has seen that it is one.
  if (stat.isFile() || (typeof source !== 'string' && stat.isBlockDevice())) return stat;
  throw new UmlmonError('IMAGE_KIND', { place: pathOf(source), cause: 'not a regular file' });
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

/** The same without waiting, for the few bytes that tell what an image holds. */
export function readerOf(fd: number): (offset: number, length: number) => Buffer {
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
