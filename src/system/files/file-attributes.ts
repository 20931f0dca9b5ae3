/** Attributes of a file: owner, mode, access control lists, security labels, flags. */
import { fchmodSync, fchownSync, fstatSync } from 'node:fs';
import { isSystemError } from '../errors/errors.ts';
import { extendedAttributes, inodeFlags, setExtendedAttribute } from '../native/native.ts';

/** Attributes that the kernel computes from the file itself: a copy of them would be wrong. */
const computed = ['security.ima', 'security.evm'];

/** Flags of chattr(1) that a user may set (FS_FL_USER_MODIFIABLE in linux/fs.h, without those of the file system itself). */
const flagsOfUsers = 0x2080_40ff;

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits, with set-id and sticky bits. */
  readonly mode: number;
}

/** Owner and permission bits of an open file. */
export function ownerOf(fd: number): FileOwner {
  const { uid, gid, mode } = fstatSync(fd);
  return { uid, gid, mode: mode & 0o7777 };
}

/**
 * Copies the attributes of another file to an open file: owner, mode, access control list, labels, user attributes.
 * `instead` overrides some of them.
 *
 * @returns whether all were copied; false if a flag or computed attribute cannot be copied
 * @throws NodeJS.ErrnoException EPERM, EOPNOTSUPP, … for attributes that this process may not set
 */
export function copyAttributes(from: number, to: number, instead?: FileOwner): boolean {
  const { uid, gid, mode } = instead ?? ownerOf(from);
  const found = ownerOf(to);
  if (found.uid !== uid || found.gid !== gid) fchownSync(to, uid, gid);
  const wanted = extendedAttributes(from);
  if (computed.some((name) => wanted.has(name))) return false;
  const present = extendedAttributes(to);
  for (const name of present.keys()) if (!wanted.has(name)) setExtendedAttribute(to, name, null);
  for (const [name, value] of wanted)
    if (!present.get(name)?.equals(value)) setExtendedAttribute(to, name, value);
  // Last: a change of the owner clears bits, and the group bits are the mask of an access control list.
  fchmodSync(to, mode);
  return ((inodeFlags(from) ^ inodeFlags(to)) & flagsOfUsers) === 0;
}

/** The same for the next file of a rotated log; attributes that this process may not set are skipped. */
export function takeOver(from: number, to: number): void {
  try {
    copyAttributes(from, to);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}
