import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { UmlmonError } from '../system/errors/errors.ts';
import { type Elf, parseElf, type ReadElfAt } from './elf.ts';

export interface OpenElf {
  readonly elf: Elf;
  readonly readAt: ReadElfAt;
  /** Same file, same content: device, inode, size and time of the last change. */
  readonly identity: string;
}

/**
 * Opens a program, passes its headers to `use`, and closes it. Only what is asked for is read.
 *
 * @throws UmlmonError KERNEL_MISSING, KERNEL_NOT_ELF
 */
export function withElfFile<Result>(path: string, use: (file: OpenElf) => Result): Result {
  const fd = open(path);
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) throw new UmlmonError('KERNEL_MISSING', { place: path, cause: 'not a regular file' });
    const readAt: ReadElfAt = (offset, length) => {
      const buffer = Buffer.allocUnsafe(length);
      return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
    };
    const identity = `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
    return use({ elf: parseElf(readAt, Number(stat.size), path), readAt, identity });
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    // O_NONBLOCK in case the path names a FIFO, whose opening would wait for a writer.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new UmlmonError('KERNEL_MISSING', { place: path, cause });
  }
}
