import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { isSystemError } from '../../system/errors/errors.ts';
import { configLimits } from '../../system/limits/limits.ts';
import type { Refusal } from '../problem.ts';
import { maxFileBytes } from './ini.ts';

/** Most files read from one directory. */
const maxNames = configLimits.files;

export type UnreadFile = Refusal & { readonly isDirectory: boolean };

/**
 * The content of a regular file, or the refusal; undefined if it does not exist. With `own`, the file must not
 * have other hard links: such a link could reveal lines of a file that its user may not read.
 * Opening never waits, so a FIFO or a terminal instead of a file is harmless.
 */
export function readRegularFile(
  file: string,
  links: 'any' | 'own',
  maxBytes = maxFileBytes,
): Buffer | UnreadFile | undefined {
  let descriptor: number;
  try {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    descriptor = openSync(file, links === 'own' ? flags | constants.O_NOFOLLOW : flags);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    if (error.code === 'ELOOP') return unread('the file is a symbolic link, which is not followed');
    return unread(`cannot open the file: ${error.message}`);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) return unread('this is not a regular file', status.isDirectory());
    if (links === 'own' && status.nlink !== 1)
      return unread('the file has several names (hard links), which is not allowed here');
    if (status.size > maxBytes)
      return unread(`the file has ${status.size} bytes; at most ${maxBytes} are read`);
    const buffer = Buffer.alloc(status.size);
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count)
      count = readSync(descriptor, buffer, length, buffer.length - length, null);
    return buffer.subarray(0, length);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return unread(`cannot read the file: ${error.message}`);
  } finally {
    closeSync(descriptor);
  }
}

/** The sorted names in a directory, an empty list if it does not exist, or the refusal. */
export function listNames(directory: string): string[] | UnreadFile {
  try {
    const names = readdirSync(directory).sort();
    return names.length <= maxNames
      ? names
      : unread(`the directory has ${names.length} files; at most ${maxNames} are read`);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    return unread(`cannot list the directory: ${error.message}`);
  }
}

function unread(cause: string, isDirectory = false): UnreadFile {
  return { code: 'CONFIG_UNREADABLE', cause, hint: '', isDirectory };
}
