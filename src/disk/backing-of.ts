/** What a COW file says of its backing file: its header, which a hostile guest's kernel may have written. */

export interface BackingHeader {
  readonly backing: string;
  /** Bytes of the backing file when the COW file was made. */
  readonly size: number;
  /** Its time of change then: seconds since 1970, 32 bits without sign. */
  readonly mtime: number;
}

/** As much of the file as any header needs. */
export const cowHeaderBytes = 4136;

const magic = 0x4f_4f_4f_4d;

/** The header in the first bytes of a file, in one of the three versions (arch/um/drivers/cow_user.c); or why not. */
export function backingOf(bytes: Buffer): BackingHeader | string {
  if (bytes.length < 8) return 'it is too short for a COW header';
  if (bytes.readUInt32BE(0) === magic) {
    const version = bytes.readUInt32BE(4);
    if (version === 3) return bytes.length < 4128 ? cut : versionThree(bytes);
    if (version === 2)
      return bytes.length < 4120 ? cut : header(bytes, { path: 8, room: 4096, mtime: 4104, size: 4108 });
    return `its COW header has version ${version}`;
  }
  if (bytes.readUInt32LE(0) !== magic || bytes.readUInt32LE(4) !== 1) return 'it has no COW header';
  if (bytes.length < 280) return cut;
  return header(bytes.subarray(0, 280), { path: 8, room: 256, mtime: 264, size: 268 }, true);
}

const cut = 'its COW header is cut off';

function versionThree(bytes: Buffer): BackingHeader | string {
  // Four bytes of padding before the size, as old 64-bit kernels wrote it: then the path begins 4 bytes later.
  const pad = bytes.readUInt32BE(32) === 0 && bytes.length >= 4132 ? 4 : 0;
  return header(bytes, { path: 32 + pad, room: 4096, mtime: 8, size: 12 + pad });
}

interface Fields {
  readonly path: number;
  readonly room: number;
  readonly mtime: number;
  readonly size: number;
}

function header(bytes: Buffer, at: Fields, little = false): BackingHeader | string {
  const field = bytes.subarray(at.path, at.path + at.room);
  const end = field.indexOf(0);
  const name = field.subarray(0, end < 0 ? field.length : end);
  const backing = name.toString('utf8');
  if (backing === '' || !Buffer.from(backing).equals(name)) return 'its COW header names no backing file';
  const size = Number(little ? bytes.readBigUInt64LE(at.size) : bytes.readBigUInt64BE(at.size));
  const mtime = little ? bytes.readUInt32LE(at.mtime) : bytes.readUInt32BE(at.mtime);
  if (!Number.isSafeInteger(size) || size === 0) return 'its COW header has an impossible size';
  return { backing, size, mtime };
}
