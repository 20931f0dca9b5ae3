import { fstatSync } from 'node:fs';
import { UmlmonError } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { type ImageFile, imageReader, readFully } from '../names/image-file.ts';
import { bitmapWords } from './bitmap.ts';
import { COW_HEADER_BYTES, type Cow, decodeCow, SECTOR } from './format.ts';
import { backingChanges, isMerging } from './match.ts';

/**
 * Reads the header of an open file, once: all later steps use it. Errors: COW_FORMAT.
 *
 * @param path for errors
 */
export function readCow(fd: number, path: string): Cow {
  const { size } = fstatSync(fd);
  return decodeCow(imageReader(fd)(0, Math.min(COW_HEADER_BYTES, size)), size, path);
}

/** The same; or why there is no header. Errors: those of read(2). */
export function headerIn(fd: number, path: string): Cow | string {
  try {
    return readCow(fd, path);
  } catch (error) {
    if (error instanceof UmlmonError) return error.reason;
    throw error;
  }
}

/** The header of a COW file, read when it was opened. Errors: COW_FORMAT if it is missing. */
export function cowOf({ cow, path }: ImageFile): Cow {
  if (cow) return cow;
  throw new UmlmonError('COW_FORMAT', { place: path, cause: 'it is not a COW file' });
}

/** A part of a bitmap: bit 0 of `words` is that of sector `first`. */
export interface BitmapPart {
  readonly words: Uint32Array;
  readonly first: number;
  readonly count: number;
}

/** The bitmap of a COW file in order; each part is valid until the next is asked for. */
export async function* readBitmap(file: ImageFile, cow: Cow): AsyncGenerator<BitmapPart> {
  const buffer = Buffer.allocUnsafeSlow(diskLimits.bitmapBytes);
  const words = bitmapWords(buffer);
  for (let first = 0; first < cow.recorded; first += diskLimits.bitmapBytes * 8) {
    const count = Math.min(diskLimits.bitmapBytes * 8, cow.recorded - first);
    const bytes = buffer.subarray(0, Math.ceil(count / 8));
    if ((await readFully(file.handle, bytes, cow.bitmapOffset + first / 8)) < bytes.length)
      throw new UmlmonError('COW_FORMAT', { place: file.path, cause: 'the file shrank while it was read' });
    yield { words, first, count };
  }
}

/**
 * Reads sectors that are in the COW file. The last sector of an image may be cut; what is missing of it is zeros, as
 * the kernel reads it.
 *
 * @param buffer whole sectors
 * @throws UmlmonError COW_FORMAT if the file ends before their data
 */
export async function readSectors(file: ImageFile, cow: Cow, buffer: Buffer, first: number): Promise<void> {
  const offset = first * SECTOR;
  const count = await readFully(file.handle, buffer, cow.dataOffset + offset);
  if (count === buffer.length) return;
  requireData(file, cow, offset + buffer.length);
  buffer.fill(0, count);
}

/** Refuses a COW file that ends before the data of the image up to `end`, in bytes of the image. */
export function requireData(file: ImageFile, cow: Cow, end: number): void {
  const needed = cow.dataOffset + Math.min(end, cow.size);
  if (file.size >= needed) return;
  const cause = `damaged COW file: it has ${file.size} bytes, but its bitmap names sectors up to byte ${needed}`;
  throw new UmlmonError('COW_FORMAT', { place: file.path, cause });
}

/**
 * Refuses a pair whose merge could not give the image that the guest has seen.
 *
 * @throws UmlmonError COW_BACKING, COW_FORMAT
 */
export function requireBacking(file: ImageFile, cow: Cow, backing: ImageFile): void {
  // An interrupted merge has changed the time, and completed a last sector that was cut.
  const completed = cow.sectors * SECTOR;
  const size = isMerging(cow) && backing.size === completed ? completed : cow.size;
  const changes = backingChanges(isMerging(cow) ? { size, mtime: backing.mtime } : cow, backing);
  if (changes.length > 0)
    throw new UmlmonError('COW_BACKING', {
      place: file.path,
      cause: `${backing.path} has changed since the COW file was created: ${changes.join('; ')}`,
      hint: 'give the original backing file, or rebase the COW file if the content is the same',
    });
  requireWholeBitmap(file, cow);
}

/** A bitmap of version 1 or 2 can lack bits for the last sectors; kernels keep those in memory only. */
export function requireWholeBitmap(file: ImageFile, cow: Cow): void {
  if (cow.recorded === cow.sectors) return;
  const cause = `its bitmap does not cover the last ${cow.sectors - cow.recorded} sectors: their content is unknown`;
  throw new UmlmonError('COW_FORMAT', { place: file.path, cause });
}
