import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isSystemError, UmlmonError } from '../system/errors.ts';
import { linkDescriptor } from '../system/native.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR, O_DIRECTORY } = constants;
const O_TMPFILE = 0o20000000 | O_DIRECTORY;
/** File systems that have no files without a name (NFS, some overlays). */
const noTemporaryFiles = ['ENOTSUP', 'EISDIR', 'ENOENT', 'EINVAL'];

export interface Owner {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}

/** The name that a new image can have for a moment, before it takes its place. */
export function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.new`);
}

/**
 * Makes a file that appears as a whole: `write` fills it before it has a name, and it gets one when its content has
 * reached the disk. Whatever ends this early, SIGKILL too, leaves what was there before, and no other file (but one
 * called `.NAME.new` in the last moment of a replacement, and where the file system knows no files without a name; the
 * next attempt replaces it).
 *
 * @param existing what to do with a file of that name
 * @throws UmlmonError IMAGE_EXISTS, and what `write` throws
 */
export async function writeNewImage<Result>(
  path: string,
  owner: Owner,
  existing: 'refuse' | 'replace',
  write: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  const temporary = temporaryFor(path);
  const { handle, named } = await openTemporary(temporary);
  let hasName = named;
  try {
    const result = await write(handle);
    await handle.chown(owner.uid, owner.gid);
    await handle.chmod(owner.mode);
    await handle.sync();
    if (existing === 'replace') {
      if (!hasName) {
        await unlinkIfThere(temporary);
        linkDescriptor(handle.fd, temporary);
        hasName = true;
      }
      await rename(temporary, path);
      hasName = false;
    } else linkDescriptor(handle.fd, path);
    await syncDirectory(dirname(path));
    return result;
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST')
      throw new UmlmonError('IMAGE_EXISTS', { place: path, cause: 'there is a file of this name' });
    throw error;
  } finally {
    await handle.close();
    if (hasName) await unlinkIfThere(temporary);
  }
}

async function openTemporary(path: string): Promise<{ handle: FileHandle; named: boolean }> {
  try {
    return { handle: await open(dirname(path), O_RDWR | O_TMPFILE, 0o600), named: false };
  } catch (error) {
    if (!isSystemError(error) || !noTemporaryFiles.includes(error.code ?? '')) throw error;
  }
  await unlinkIfThere(path);
  return { handle: await open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), named: true };
}

/**
 * An empty file without a name, in the directory of `path`, and with its file system: blocks can be shared. It is gone
 * when it is closed, and after SIGKILL.
 */
export async function openScratch(path: string): Promise<FileHandle> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  const { handle, named } = await openTemporary(temporary);
  if (named) await unlinkIfThere(temporary);
  return handle;
}

/** Lends such a file. */
export async function withScratchFile<Result>(
  path: string,
  use: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  const handle = await openScratch(path);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ENOENT') throw error;
  }
}

/** A new name is safe from a crash of the host when its directory has reached the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
