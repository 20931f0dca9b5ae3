import {
  type BigIntStats,
  closeSync,
  constants,
  type Dir,
  type Dirent,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { constants as os, release } from 'node:os';
import { join } from 'node:path';
import { isSystemError, UmlmonError } from '../errors/errors.ts';
import { linkDescriptor, openBeneath } from '../native/native.ts';
import { removeBelow } from './remove-tree.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Not in node:fs: a descriptor that only stands for the file. The same number on all architectures of Linux. */
export const O_PATH = 0o10000000;

const exdev = { code: 'EXDEV', errno: -os.errno.EXDEV, syscall: 'open' };
const eloop = { code: 'ELOOP', errno: -os.errno.ELOOP, syscall: 'open' };

/** A directory was renamed at the moment of the call (openat2(2), EAGAIN): the call is repeated this often. */
const attempts = 100;

/**
 * An open directory, and all that root does below one that somebody else may write to. A name is that of an entry,
 * without a slash; a path is relative, and leads through directories only: a symbolic link on the way is an error. So
 * nobody who renames, replaces or links something meanwhile leads an operation to another place.
 *
 * Calls fail with errors of node:fs, whose `path` is the one for people (`Directory.path` and the name).
 */
export class Directory {
  /** For messages: where the directory was when it was opened. */
  readonly path: string;
  readonly #fd: number;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = path;
  }

  /**
   * Opens a directory by an absolute path of the configuration. Links are followed: only the administrator, or the user
   * that this program runs as, may have made what lies above. Errors: ENOENT, ENOTDIR, EACCES.
   */
  static open(path: string): Directory {
    return new Directory(openSync(path, O_RDONLY | O_DIRECTORY), path);
  }

  /** Opens the directory of a descriptor, which may be of O_PATH and stays the caller's. @param path for messages */
  static at(fd: number, path: string): Directory {
    return new Directory(openSync(`/proc/self/fd/${fd}`, O_RDONLY | O_DIRECTORY), path);
  }

  /**
   * Opens a directory that is ours alone by its path: it belongs to the user of this process, and nobody else may write
   * to it. So what is in it is what this user has put there, and a name in it is not changed by others. Errors: those of
   * `open`; JAIL_DIRECTORY if it is not so.
   */
  static openOwn(path: string): Directory {
    const directory = Directory.open(path);
    const { uid, mode } = fstatSync(directory.fd);
    const isOurs = uid === process.geteuid?.();
    if (isOurs && (mode & 0o022) === 0) return directory;
    directory.close();
    throw new UmlmonError('JAIL_DIRECTORY', {
      place: path,
      cause: isOurs ? 'others than its owner may write to it' : `belongs to uid ${uid}, and should be ours`,
      hint: 'look at what is in it, then give it the owner and mode that it had: a start of the monitor does so',
    });
  }

  /**
   * The same only to pass through: without the right to list it, and without `list` and `sync`. Errors: those of `open`.
   */
  static pass(path: string): Directory {
    return new Directory(openSync(path, O_PATH | O_DIRECTORY), path);
  }

  /** The descriptor, valid until `close`: for children, and bind mounts. */
  get fd(): number {
    return this.#fd;
  }

  /** A directory below this one. Errors: those of `openFile`, ENOTDIR. */
  directory(path: string): Directory {
    return new Directory(this.openFile(path, O_RDONLY | O_DIRECTORY), join(this.path, path));
  }

  /** The same only to pass through, as `Directory.pass`. Errors: those of `directory`. */
  pass(path: string): Directory {
    return new Directory(this.openFile(path, O_PATH | O_DIRECTORY), join(this.path, path));
  }

  /** The same, made where it is missing. Errors: those of `directory`. @param mode permission bits of a new one */
  makeDirectory(name: string, mode: number): Directory {
    try {
      mkdirSync(this.pathTo(name), mode);
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EEXIST') throw this.#explain(error, name);
    }
    return this.directory(name);
  }

  /**
   * Opens a file below this directory, close-on-exec. The last part of the path is not followed either.
   *
   * Errors: ENOENT, ELOOP for a symbolic link anywhere in the path, EXDEV for a path that leads out.
   *
   * @param flags of open(2)
   * @param mode permission bits of a file that O_CREAT or O_TMPFILE makes, less those of the umask
   * @throws UmlmonError HOST_SYSTEM_CALL where the kernel of the host is too old
   */
  openFile(path: string, flags: number, mode = 0): number {
    for (let attempt = 1; ; attempt++)
      try {
        return openBeneath(this.#fd, path, flags, mode);
      } catch (error) {
        if (!isSystemError(error)) throw error;
        if (error.code === 'EAGAIN' && attempt < attempts) continue;
        // Forbidden: systemd's RestrictSUIDSGID= does so, as it cannot look into its arguments.
        if (error.code === 'ENOSYS' && knowsOpenat2(release())) return this.#walk(path, flags, mode);
        if (error.code === 'ENOSYS')
          throw new UmlmonError('HOST_SYSTEM_CALL', {
            place: join(this.path, path),
            cause: `Linux ${release()} has no openat2(2), by which paths below directories of others are safe`,
            hint: 'run umlmon on Linux 5.6 or newer',
          });
        throw this.#explain(error, path);
      }
  }

  /**
   * As openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS goes, one name after the other: no link is followed, and
   * `..` is refused, which alone could lead out. Links of /proc are links, too.
   */
  #walk(path: string, flags: number, mode: number): number {
    const names = path.split('/');
    if (path.startsWith('/') || path.includes('\0') || names.includes('..'))
      throw this.#explain(Object.assign(new Error('EXDEV: not a path below a directory, open'), exdev), path);
    let at = this.#fd;
    try {
      for (const [i, name] of names.entries()) {
        const isLast = i === names.length - 1;
        if (!isLast && (name === '' || name === '.')) continue;
        const next = openUnlinked(at, name, isLast ? flags : O_PATH | O_DIRECTORY, mode);
        if (isLast) return next;
        if (at !== this.#fd) closeSync(at);
        at = next;
      }
      throw new Error('a path has a last name');
    } catch (error) {
      throw this.#explain(error, path);
    } finally {
      if (at !== this.#fd) closeSync(at);
    }
  }

  /** What an entry is, links not followed; undefined if there is none. */
  look(name: string): BigIntStats | undefined {
    try {
      return lstatSync(this.pathTo(name), { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      throw this.#explain(error, name);
    }
  }

  /** Its path through the descriptor, while it is open: for calls that make files without a name, and children. */
  get here(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  /** Where a symbolic link leads, as it says itself; undefined if the entry is none, or none any more. */
  readLink(name: string): string | undefined {
    try {
      return readlinkSync(this.pathTo(name));
    } catch (error) {
      if (isSystemError(error) && (error.code === 'EINVAL' || error.code === 'ENOENT')) return undefined;
      throw this.#explain(error, name);
    }
  }

  /** What this directory is. */
  get stat(): BigIntStats {
    return fstatSync(this.#fd, { bigint: true });
  }

  list(): Dirent[] {
    try {
      return readdirSync(this.here, { withFileTypes: true });
    } catch (error) {
      throw this.#explain(error, '');
    }
  }

  /**
   * The entries one after the other, in no order. Only as many are read as are asked for, and some before: a directory
   * of any size costs no more.
   */
  *entries(): Generator<Dirent> {
    let opened: Dir;
    try {
      opened = opendirSync(`/proc/self/fd/${this.#fd}`);
    } catch (error) {
      throw this.#explain(error, '');
    }
    try {
      for (let entry = opened.readSync(); entry; entry = opened.readSync()) yield entry;
    } finally {
      opened.closeSync();
    }
  }

  /** Gives an entry another name, in this directory or another one, in place of what has that name there. */
  rename(name: string, to: string, directory: Directory = this): void {
    try {
      renameSync(this.pathTo(name), directory.pathTo(to));
    } catch (error) {
      throw this.#explain(error, name);
    }
  }

  /** Gives a name to an open file without one. Errors: EEXIST. */
  link(fd: number, name: string): void {
    try {
      linkDescriptor(fd, this.pathTo(name));
    } catch (error) {
      throw this.#explain(error, name);
    }
  }

  /** Removes a file or link; false if there was none. */
  remove(name: string): boolean {
    try {
      unlinkSync(this.pathTo(name));
      return true;
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return false;
      throw this.#explain(error, name);
    }
  }

  /** Removes an empty directory; false if there was none. */
  removeDirectory(name: string): boolean {
    try {
      rmdirSync(this.pathTo(name));
      return true;
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return false;
      throw this.#explain(error, name);
    }
  }

  /** Removes a directory that is empty, or not there; false if something is in it, or it cannot be removed. */
  removeIfEmpty(name: string): boolean {
    try {
      this.removeDirectory(name);
      return true;
    } catch (error) {
      if (isSystemError(error)) return false;
      throw error;
    }
  }

  /** Removes an entry with all that is below it, however much it is; nothing if there is none. Errors: HOST_COMMAND. */
  async removeTree(name: string): Promise<void> {
    // A plain file, or an empty directory, takes no process.
    if (!this.look(name)?.isDirectory()) this.remove(name);
    else if (!this.removeIfEmpty(name)) await removeBelow(this.#fd, this.#entry(name), join(this.path, name));
  }

  /** Sets owner and mode of this directory. */
  give(owner: { readonly uid: number; readonly gid: number }, mode: number): void {
    const { uid, gid } = fstatSync(this.#fd);
    // A user who keeps his own directory may be forbidden the very call, as by the unit of umldir.
    const isKept = uid === owner.uid && uid === process.geteuid?.();
    if (!isKept || (uid === 0 && gid !== owner.gid)) fchownSync(this.#fd, owner.uid, owner.gid);
    fchmodSync(this.#fd, mode);
  }

  /** New names are safe from a crash of the host when this returns. */
  sync(): void {
    fsyncSync(this.#fd);
  }

  /**
   * The path of an entry through the descriptor, for calls of node:fs that do not follow its last name (lstat, unlink,
   * rename, open with O_NOFOLLOW, mkdir, link) while the directory is open.
   *
   * @throws Error if the name is not that of an entry
   */
  pathTo(name: string): string {
    return `${this.here}/${this.#entry(name)}`;
  }

  #entry(name: string): string {
    if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
      throw new Error(`${JSON.stringify(name)} is not the name of an entry`);
    return name;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** A failed call names the path that people know. */
  #explain(error: unknown, name: string): unknown {
    if (!isSystemError(error)) return error;
    const [words = ''] = error.message.split(', ');
    const path = join(this.path, name);
    const { code, errno, syscall } = error;
    return Object.assign(new Error(`${words}, ${syscall} '${path}'`), { code, errno, syscall, path });
  }
}

/** Opens an entry, which must not be a link. Errors: ELOOP. */
function openUnlinked(directory: number, name: string, flags: number, mode: number): number {
  const path = `/proc/self/fd/${directory}/${name}`;
  const isLink = () => Object.assign(new Error('ELOOP: too many symbolic links encountered, open'), eloop);
  let fd: number;
  try {
    fd = openSync(path, flags | O_NOFOLLOW, mode);
  } catch (error) {
    // A link where a directory is wanted: for the message only.
    if (isSystemError(error) && error.code === 'ENOTDIR' && isLinkNow(path)) throw isLink();
    throw error;
  }
  // With O_PATH the link itself is opened.
  if (!fstatSync(fd).isSymbolicLink()) return fd;
  closeSync(fd);
  throw isLink();
}

/** Whether a kernel of this release (uname(2)) has openat2(2): Linux 5.6 is the first. */
export function knowsOpenat2(release: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return major > 5 || (major === 5 && minor >= 6);
}

function isLinkNow(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** Flags of a file in a directory of others: a FIFO in its place does not block, and a terminal is not taken. */
export const carefully = O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
