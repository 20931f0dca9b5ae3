import { closeSync, openSync } from 'node:fs';
import { extendedAttributes, setExtendedAttribute } from '../../../src/system/native/native.ts';

/** An access control list as the kernel keeps it (posix_acl_xattr.h): rw for the owner, r for user 1 and all others. */
export const readableByUser1 = Buffer.concat([
  Buffer.of(2, 0, 0, 0),
  ...[
    [1, 6, 0xffff_ffff],
    [2, 4, 1],
    [4, 4, 0xffff_ffff],
    [16, 4, 0xffff_ffff],
    [32, 4, 0xffff_ffff],
  ].map(([tag = 0, permission = 0, id = 0]) => {
    const entry = Buffer.alloc(8);
    entry.writeUInt16LE(tag);
    entry.writeUInt16LE(permission, 2);
    entry.writeUInt32LE(id, 4);
    return entry;
  }),
]);

/** The effects of `setfacl -m u:1:r`, `setfattr` and `chcon`. */
export function setAttribute(path: string, name: string, value: Uint8Array): void {
  const fd = openSync(path, 'r');
  try {
    setExtendedAttribute(fd, name, value);
  } finally {
    closeSync(fd);
  }
}

/** The extended attributes of a file, by name. */
export function attributesOf(path: string): Map<string, Buffer> {
  const fd = openSync(path, 'r');
  try {
    return extendedAttributes(fd);
  } finally {
    closeSync(fd);
  }
}
