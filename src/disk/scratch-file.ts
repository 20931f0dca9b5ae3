import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../system/errors.ts';
import { unlinkIfThere } from './new-image.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
const O_TMPFILE = 0o20000000 | O_DIRECTORY;

/** An empty file without a name: it is gone when it is closed, or when we are killed. */
export async function openScratch(directory: string): Promise<FileHandle> {
  try {
    return await open(directory, O_RDWR | O_TMPFILE, 0o600);
  } catch (error) {
    if (!isSystemError(error) || !['ENOTSUP', 'EISDIR', 'EINVAL'].includes(error.code ?? '')) throw error;
  }
  // A file system that has no files without a name.
  const path = join(directory, '.umlmon.scratch');
  await unlinkIfThere(path);
  const handle = await open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  await unlinkIfThere(path);
  return handle;
}
