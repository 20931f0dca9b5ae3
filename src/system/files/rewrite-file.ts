import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isSystemError, UmlmonError } from '../errors/errors.ts';
import { reserveBlocks } from '../native/native.ts';
import { shellWord } from '../shell-word.ts';
import { keepNames, replaceFile } from './atomic-file.ts';
import { copyAttributes, type FileOwner, ownerOf } from './file-attributes.ts';
import { openTrusted } from './trusted-path.ts';

const { O_CREAT, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Errors of a replacement that writing in place avoids: a mount point, or a directory or attribute that may not be changed. */
const notReplaceable = [
  'EACCES',
  'EBUSY',
  'EEXIST',
  'EINVAL',
  'ENAMETOOLONG',
  'ENOTSUP',
  'EPERM',
  'EROFS',
  'EXDEV',
];

export interface Rewrite {
  /** Permission bits of a new file. */
  readonly newMode: number;
  /** Overrides attributes of the file. */
  readonly owner?: FileOwner;
  /** How a symbolic link at the path is treated: as an error (ELOOP, the default), or followed. root follows only its own links. */
  readonly links?: 'refuse' | 'follow';
}

/**
 * Writes the content of a file that belongs to a user: umlmon.ini, passwords, known hosts. The file keeps its attributes:
 * owner, mode, access control list, extended attributes, security label, flags, hard links, symbolic links that lead to
 * it. The caller holds the lock against other writers.
 *
 * The file is replaced by rename if the new one can have all attributes: readers see the old or the new content. Otherwise
 * (a mounted file, a read-only directory) it is written in place. Before that, the old content is saved
 * in .NAME.umlmon-old beside it, if possible. An error restores the old content. The content is on disk at
 * the end.
 *
 * Errors: HOST_FILE.
 */
export function rewriteFile(path: string, content: Uint8Array, how: Rewrite): void {
  try {
    rewrite(how.links === 'follow' ? behindLinks(path) : path, content, how);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UmlmonError('HOST_FILE', {
      place: path,
      cause: error.message,
      hint: hintFor(error.code, path),
    });
  }
}

function rewrite(path: string, content: Uint8Array, { newMode, owner }: Rewrite): void {
  const old = openExisting(path);
  if (old === undefined) {
    replaceFile(path, content, owner?.mode ?? newMode, true, owner);
    return;
  }
  try {
    if (!replaceWhole(path, content, old, owner)) writeInPlace(path, content, old, owner);
  } finally {
    closeSync(old);
  }
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** False, without a change, if the new file would lack an attribute. */
function replaceWhole(path: string, content: Uint8Array, old: number, owner?: FileOwner): boolean {
  if (fstatSync(old).nlink !== 1) return false;
  const fresh = beside(path, 'new');
  let isReplaced = false;
  let fd: number | undefined;
  try {
    // A leftover of a killed program.
    rmSync(fresh, { force: true });
    fd = openSync(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    // Unlike write(2), which may write only a part on a full disk.
    writeFileSync(fd, content);
    if (copyAttributes(old, fd, owner)) {
      fsyncSync(fd);
      renameSync(fresh, path);
      isReplaced = true;
    }
  } catch (error) {
    if (!isSystemError(error) || !notReplaceable.includes(error.code ?? '')) throw error;
  } finally {
    if (fd !== undefined) {
      closeSync(fd);
      rmSync(fresh, { force: true });
    }
  }
  // Not above: its error must not cause another write.
  if (isReplaced) keepNames(dirname(path));
  return isReplaced;
}

function writeInPlace(path: string, content: Uint8Array, old: number, owner?: FileOwner): void {
  const fd = openSync(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  try {
    if (!isSame(fstatSync(fd), fstatSync(old)))
      throw new UmlmonError('HOST_FILE', {
        place: path,
        cause: 'another program replaced it in the meantime',
        hint: 'repeat the command',
      });
    const before = readFileSync(old);
    const saved = saveAside(path, before);
    overwrite(fd, content, before);
    if (owner) setOwner(fd, owner);
    if (saved !== undefined) rmSync(saved, { force: true });
  } finally {
    closeSync(fd);
  }
}

/** The path of the copy; undefined if it cannot be created. Throws HOST_FILE if a copy of an earlier write exists. */
function saveAside(path: string, content: Uint8Array): string | undefined {
  const saved = beside(path, 'old');
  let fd: number;
  try {
    fd = openSync(saved, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (error) {
    if (!isSystemError(error) || !notReplaceable.includes(error.code ?? '')) throw error;
    if (error.code !== 'EEXIST') return undefined;
    throw new UmlmonError('HOST_FILE', {
      place: path,
      cause: `an earlier change was interrupted; ${saved} has the previous content`,
      hint: `diff ${shellWord(saved)} ${shellWord(path)}; then remove ${shellWord(saved)}`,
    });
  }
  try {
    writeFileSync(fd, content);
    fsyncSync(fd);
    return saved;
  } catch (error) {
    rmSync(saved, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Allocates blocks first, to detect a full disk before any change; other errors restore the old content. */
function overwrite(fd: number, content: Uint8Array, before: Uint8Array): void {
  reserveBlocks(fd, content.length);
  try {
    fill(fd, content);
  } catch (error) {
    fill(fd, before);
    throw error;
  }
}

function fill(fd: number, content: Uint8Array): void {
  for (let at = 0; at < content.length; ) at += writeSync(fd, content, at, content.length - at, at);
  ftruncateSync(fd, content.length);
  fsyncSync(fd);
}

function setOwner(fd: number, owner: FileOwner): void {
  const { uid, gid, mode } = ownerOf(fd);
  if (uid !== owner.uid || gid !== owner.gid) fchownSync(fd, owner.uid, owner.gid);
  if (mode !== owner.mode) fchmodSync(fd, owner.mode);
}

function isSame(one: Stats, other: Stats): boolean {
  return one.isFile() && one.dev === other.dev && one.ino === other.ino;
}

/**
 * root follows a link only if only root could create it. A link in the home of a user, from an environment that sudo(8)
 * preserved, could lead to any file of the host. Errors: ELOOP for a link that root does not follow.
 */
function behindLinks(path: string): string {
  try {
    if (process.geteuid?.() !== 0) return realpathSync(path);
    if (!lstatSync(path).isSymbolicLink()) return path;
    const found = openTrusted(path);
    if (typeof found !== 'string') {
      closeSync(found.fd);
      return found.path;
    }
    const cause = `ELOOP: root does not follow this link: ${found}`;
    throw Object.assign(new Error(cause), { code: 'ELOOP', syscall: 'open', path });
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return path;
    throw error;
  }
}

/** A name beside a file that readers of the directory ignore. */
function beside(path: string, what: 'new' | 'old'): string {
  return join(dirname(path), `.${basename(path)}.umlmon-${what}`);
}

function hintFor(code: string | undefined, path: string): string {
  if (code === 'ENOSPC') return `make room on its file system: df ${shellWord(dirname(path))}`;
  if (code === 'EDQUOT') return 'make room within the quota of its owner: quota -s';
  if (code === 'EROFS') return `its file system is mounted read-only: findmnt -T ${shellWord(path)}`;
  if (code === 'EPERM') return `check its flags: lsattr ${shellWord(path)}`;
  if (code === 'EACCES') return `run it as the owner of the file: ls -l ${shellWord(path)}`;
  return '';
}
