import { closeSync, constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import type { HeldDirectory } from '../../system/files/held-directory.ts';
import { reopen } from '../../system/files/reopen.ts';
import { keepAttributes } from './copy-attributes.ts';
import type { NewPlace, Owner } from './new-place.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_DIRECTORY } = constants;
const O_TMPFILE = 0o20000000 | O_DIRECTORY;
/** File systems that have no files without a name (NFS, some overlays). */
const noTemporaryFiles = ['ENOTSUP', 'EISDIR', 'ENOENT', 'EINVAL'];

/** The name that a new image can have for a moment, before it takes its place. */
export function temporaryFor(name: string): string {
  return `.${name}.new`;
}

/**
 * Creates a file that appears as a whole. `write` fills it without a name, and it gets its name when its content has
 * reached the disk. If this ends early, even by SIGKILL, the previous file stays, and no other is left. Two exceptions:
 * `.NAME.new` at the last moment of a replacement, and file systems that need a name for each file. The next attempt
 * replaces that file.
 *
 * @param existing what to do with a file of that name
 * @throws UmlmonError IMAGE_EXISTS, and what `write` throws
 */
export async function writeNewImage<Result>(
  { directory, name }: NewPlace,
  owner: Owner,
  existing: 'refuse' | 'replace',
  write: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  const temporary = temporaryFor(name);
  const { handle, named } = await openTemporary(directory, temporary);
  let hasName = named;
  try {
    const result = await write(handle);
    await handle.chown(owner.uid, owner.gid);
    await handle.chmod(owner.mode);
    await handle.sync();
    if (existing === 'replace') {
      if (!hasName) {
        directory.remove(temporary);
        directory.link(handle.fd, temporary);
        hasName = true;
      }
      keepAttributes({ directory, name }, handle.fd, owner);
      directory.rename(temporary, name);
      hasName = false;
    } else directory.link(handle.fd, name);
    await syncDirectory(directory);
    return result;
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST')
      throw new UmlmonError('IMAGE_EXISTS', {
        place: join(directory.path, name),
        cause: 'a file of this name exists',
      });
    throw error;
  } finally {
    await handle.close();
    if (hasName) directory.remove(temporary);
  }
}

async function openTemporary(
  directory: HeldDirectory,
  name: string,
): Promise<{ handle: FileHandle; named: boolean }> {
  try {
    return { handle: await handleOf(directory.openFile('.', O_RDWR | O_TMPFILE, 0o600)), named: false };
  } catch (error) {
    if (!isSystemError(error) || !noTemporaryFiles.includes(error.code ?? '')) throw error;
  }
  directory.remove(name);
  const fd = directory.openFile(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  return { handle: await handleOf(fd), named: true };
}

async function handleOf(fd: number): Promise<FileHandle> {
  try {
    return await reopen(fd, O_RDWR);
  } finally {
    closeSync(fd);
  }
}

/**
 * An empty file without a name, in a directory, and with its file system: blocks can be shared. It is gone when it is
 * closed, and after SIGKILL.
 *
 * @param name of something in the directory, where a file must have a name for a moment
 */
export async function openScratch({ directory, name }: NewPlace): Promise<FileHandle> {
  const temporary = `.${name}.tmp`;
  const { handle, named } = await openTemporary(directory, temporary);
  if (named) directory.remove(temporary);
  return handle;
}

/** Lends such a file. */
export async function withScratchFile<Result>(
  place: NewPlace,
  use: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  const handle = await openScratch(place);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/** A new name is safe from a crash of the host when its directory has reached the disk. */
export async function syncDirectory({ fd }: HeldDirectory): Promise<void> {
  const handle = await reopen(fd, O_RDONLY | O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
