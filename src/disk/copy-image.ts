import type { FileHandle } from 'node:fs/promises';
import { cloneFile } from '../system/native.ts';
import { copyRange } from './copy-range.ts';

/**
 * Copies a file into an empty one: shares its blocks if the file system can, else copies what is not a hole.
 *
 * @param signal aborts a copy; sharing takes no time
 * @returns whether the blocks are shared
 */
export async function copyImage(from: FileHandle, to: FileHandle, signal?: AbortSignal): Promise<boolean> {
  if (await cloneFile(from.fd, to.fd)) return true;
  const { size } = await from.stat();
  await copyRange({ handle: from, offset: 0 }, { handle: to, offset: 0 }, size, signal);
  await to.truncate(size);
  return false;
}
