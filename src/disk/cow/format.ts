/**
 * The header of COW files and what follows from it (arch/um/drivers/cow_user.c): header, bitmap with one bit per
 * sector of 512 bytes (LSB first; set: the sector is in this file, clear: it is in the backing file), data. The data
 * of a sector is at its own offset in the image plus that of the data.
 *
 * A COW file is hostile: a guest's kernel writes it. All values of a header are checked before they are used.
 */
import { UmlmonError } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';

export const SECTOR = 512;

/** What the kernel writes: the size of its pages. */
const ALIGNMENT = 4096;

/** As much of the file as any header needs. */
export const COW_HEADER_BYTES = 4136;

/** Longest backing path that a header of version 3 holds, in bytes, without its NUL. */
export const BACKING_PATH_MAX = 4095;

const MAGIC = 0x4f_4f_4f_4d;
const V1_BYTES = 280;
const V2_BYTES = 4120;
const V3_BYTES = 4128;

/** What a header records. */
export interface CowHeader {
  /** Path of the backing file as the kernel is to open it. */
  readonly backing: string;
  /** Bytes of the backing file, and so of the image. */
  readonly size: number;
  /** Time of the last change of the backing file: seconds since 1970, 32 bits without sign. */
  readonly mtime: number;
}

/** Where things are in a COW file, in bytes. */
export interface CowLayout {
  readonly bitmapOffset: number;
  readonly bitmapLength: number;
  readonly dataOffset: number;
}

export interface Cow extends CowHeader, CowLayout {
  readonly version: 1 | 2 | 3;
  readonly alignment: number;
  /** Sectors of the image; the last one may be cut by its end. */
  readonly sectors: number;
  /** Sectors that have a bit: fewer where a file of version 1 or 2 has too short a bitmap (the length was rounded down). */
  readonly recorded: number;
}

/** Whether the kernel takes a file that starts with these bytes for a COW file. */
export function isCow(bytes: Buffer): boolean {
  return bytes.length >= 8 && (bytes.readUInt32BE(0) === MAGIC || bytes.readUInt32LE(0) === MAGIC);
}

/**
 * Reads the header of a COW file.
 *
 * @param bytes the first COW_HEADER_BYTES of the file, or all of it if it is shorter
 * @param fileSize bytes of the file
 * @param place for errors: the path of the file
 * @throws UmlmonError COW_FORMAT
 */
export function decodeCow(bytes: Buffer, fileSize: number, place: string): Cow {
  const fail = (cause: string): never => {
    throw new UmlmonError('COW_FORMAT', { place, cause });
  };
  if (!isCow(bytes)) return fail('not a COW file: the magic number is missing');
  const version = bytes.readUInt32BE(0) === MAGIC ? bytes.readUInt32BE(4) : bytes.readUInt32LE(4);
  if (version !== 1 && version !== 2 && version !== 3)
    return fail(`COW file of version ${version}; only 1, 2 and 3 are supported`);
  const raw = readFields(bytes, version);
  if (!raw) return fail('damaged COW file: the header is truncated');

  const end = raw.path.indexOf(0);
  if (end === 0) fail('damaged COW file: the path of the backing file is empty');
  if (end < 0) fail('damaged COW file: the path of the backing file is not terminated');
  if (raw.format !== 0) fail(`COW file of format ${raw.format}; only 0 (bitmap) is supported`);
  if (raw.sectorSize !== SECTOR) fail(`COW file with sectors of ${raw.sectorSize} bytes; kernels use 512`);
  if (raw.size > BigInt(diskLimits.cowImageBytes))
    fail(`damaged COW file: invalid image size, ${raw.size} bytes`);
  if (!isAlignment(raw.alignment)) fail(`damaged COW file: invalid alignment, ${raw.alignment}`);

  const backing = decodePath(raw.path.subarray(0, end)) ?? fail('the path of the backing file is not UTF-8');
  const size = Number(raw.size);
  const sectors = countSectors(size);
  const layout = layOut(version, raw.headerBytes, size, raw.alignment);
  if (layout.dataOffset > diskLimits.cowDataOffset)
    fail('damaged COW file: the bitmap is too large for a kernel');
  if (layout.bitmapOffset + layout.bitmapLength > fileSize)
    fail(`damaged COW file: the bitmap is truncated after ${fileSize} bytes`);
  const recorded = Math.min(sectors, layout.bitmapLength * 8);
  return { version, backing, size, mtime: raw.mtime, alignment: raw.alignment, sectors, recorded, ...layout };
}

/**
 * The header of a COW file of version 3, as the kernel and uml_mkcow write it.
 *
 * @throws UmlmonError COW_BACKING if the header cannot hold the path, size or time
 */
export function encodeCowHeader({ backing, size, mtime }: CowHeader): Buffer {
  const fail = (cause: string): never => {
    throw new UmlmonError('COW_BACKING', { place: backing, cause });
  };
  const path = Buffer.from(backing);
  if (!backing.startsWith('/') || path.includes(0)) fail('the path of a backing file must be absolute');
  if (path.length > BACKING_PATH_MAX)
    fail(`the path has ${path.length} bytes; the maximum in a COW file is ${BACKING_PATH_MAX}`);
  if (!Number.isSafeInteger(size) || size < 0 || layOutCow(size).dataOffset > diskLimits.cowDataOffset)
    fail(`an image of ${size} bytes is too large for a COW file`);
  if (!Number.isInteger(mtime) || mtime < 0 || mtime > 0xff_ff_ff_ff)
    fail('its modification time is before 1970 or after 2106, which a COW file cannot store');
  const header = Buffer.alloc(V3_BYTES);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(mtime, 8);
  header.writeBigUInt64BE(BigInt(size), 12);
  header.writeUInt32BE(SECTOR, 20);
  header.writeUInt32BE(ALIGNMENT, 24);
  path.copy(header, 32);
  return header;
}

/** The bytes of a new time in the header of a COW file, and their offset. */
export function encodeMtime(
  { version }: Pick<Cow, 'version'>,
  mtime: number,
): { offset: number; bytes: Buffer } {
  const bytes = Buffer.alloc(4);
  if (version === 1) bytes.writeUInt32LE(mtime);
  else bytes.writeUInt32BE(mtime);
  return { offset: { 1: 8 + 256, 2: 8 + 4096, 3: 8 }[version], bytes };
}

/** The layout of a COW file of version 3 over an image of `size` bytes. Its length is that of data offset and size. */
export function layOutCow(size: number): CowLayout {
  return layOut(3, V3_BYTES, size, ALIGNMENT);
}

/** Sectors of an image, including a last one that is cut. */
function countSectors(size: number): number {
  return Math.ceil(size / SECTOR);
}

interface Fields {
  readonly headerBytes: number;
  readonly mtime: number;
  readonly size: bigint;
  readonly sectorSize: number;
  readonly alignment: number;
  readonly format: number;
  readonly path: Buffer;
}

/** The fields as they are; undefined if the file is too short. */
function readFields(bytes: Buffer, version: 1 | 2 | 3): Fields | undefined {
  if (version === 3) return readVersion3(bytes);
  const [headerBytes, pathEnd] = version === 1 ? [V1_BYTES, 8 + 256] : [V2_BYTES, 8 + 4096];
  if (bytes.length < headerBytes) return undefined;
  // Version 1 is in the byte order of the machine.
  const mtime = version === 1 ? bytes.readUInt32LE(pathEnd) : bytes.readUInt32BE(pathEnd);
  const size = version === 1 ? bytes.readBigUInt64LE(pathEnd + 4) : bytes.readBigUInt64BE(pathEnd + 4);
  const sectorSize = version === 1 ? bytes.readUInt32LE(pathEnd + 12) : bytes.readUInt32BE(pathEnd + 12);
  const path = bytes.subarray(8, pathEnd);
  return { headerBytes, mtime, size, sectorSize, alignment: sectorSize, format: 0, path };
}

/**
 * Until 2005, 64-bit systems had four bytes of padding before the size: format, which is 0, is then where the path
 * should start. They wrote the seconds into the first half of a field of 64 bits.
 */
function readVersion3(bytes: Buffer): Fields | undefined {
  if (bytes.length < V3_BYTES) return undefined;
  const padding = bytes.readUInt32LE(32) === 0 ? 4 : 0;
  const headerBytes = padding ? COW_HEADER_BYTES : V3_BYTES;
  if (bytes.length < headerBytes) return undefined;
  return {
    headerBytes,
    mtime: bytes.readUInt32BE(8),
    size: bytes.readBigUInt64BE(12 + padding),
    sectorSize: bytes.readUInt32BE(20 + padding),
    alignment: bytes.readUInt32BE(24 + padding),
    format: bytes.readUInt32BE(28 + padding),
    path: bytes.subarray(32 + padding, 32 + padding + 4096),
  };
}

/** Kernels align to sectors or pages; they write the bitmap in units of 8 bytes, so data must not start within one. */
function isAlignment(alignment: number): boolean {
  return alignment >= SECTOR && alignment <= diskLimits.cowAlignment && (alignment & (alignment - 1)) === 0;
}

function layOut(version: 1 | 2 | 3, headerBytes: number, size: number, alignment: number): CowLayout {
  const roundUp = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  const bitmapOffset = version === 3 ? roundUp(headerBytes) : headerBytes;
  // Versions 1 and 2 round down, as `(size + sectorsize - 1) / (8 * sectorsize)` does in C.
  const bitmapLength =
    version === 3 ? Math.ceil(countSectors(size) / 8) : Math.floor((size + SECTOR - 1) / (8 * SECTOR));
  return { bitmapOffset, bitmapLength, dataOffset: roundUp(bitmapOffset + bitmapLength) };
}

function decodePath(bytes: Buffer): string | undefined {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : undefined;
}
