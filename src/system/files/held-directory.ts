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
import { release } from 'node:os';
import { join } from 'node:path';
import { isSystemError, UmlmonError } from '../errors/errors.ts';
import { linkDescriptor, openBeneath } from '../native/native.ts';
import { removeBelow } from './remove-tree.ts';
import { O_PATH, walkBeneath } from './walk-beneath.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Repetitions of openat2(2) after EAGAIN: a directory was renamed during the call. */
const attempts = 100;

/**
 * An open directory, for operations of root below directories that other users can write to. A name is that of an entry,
 * without a slash. A path is relative and contains no symbolic link. So no user can redirect an operation by renaming,
 * replacing or linking something in the meantime.
 *
 * Calls fail with errors of node:fs, whose `path` is `Directory.path` with the name, for messages.
 */
export class HeldDirectory {
  /** For messages: the path with which the directory was opened. */
  readonly path: string;
  readonly #fd: number;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = path;
  }

  /**
   * Opens a directory by an absolute path of the configuration. Links are followed: only the administrator or the user of
   * this process can have created the parent directories. Errors: ENOENT, ENOTDIR, EACCES.
   */
  static open(path: string): HeldDirectory {
    return new HeldDirectory(openSync(path, O_RDONLY | O_DIRECTORY), path);
  }

  /** Opens the directory of a descriptor, possibly of O_PATH; the caller still owns it. @param path for messages */
  static at(fd: number, path: string): HeldDirectory {
    return new HeldDirectory(openSync(`/proc/self/fd/${fd}`, O_RDONLY | O_DIRECTORY), path);
  }

  /**
   * Opens a directory that belongs to the user of this process and that no other user can write to. So this user created
   * its entries, and other users cannot change them. Errors: those of
   * `open`; JAIL_DIRECTORY otherwise.
   */
  static openOwn(path: string): HeldDirectory {
    const directory = HeldDirectory.open(path);
    const { uid, mode } = fstatSync(directory.fd);
    const isOurs = uid === process.geteuid?.();
    if (isOurs && (mode & 0o022) === 0) return directory;
    directory.close();
    throw new UmlmonError('JAIL_DIRECTORY', {
      place: path,
      cause: isOurs
        ? 'users other than its owner can write to it'
        : `it belongs to uid ${uid} instead of this user`,
      hint: 'check its content, then start the monitor, which restores owner and mode',
    });
  }

  /**
   * Opens a directory only to reach its entries: it needs no read permission and has no `list` and `sync`. Errors: those of `open`.
   */
  static pass(path: string): HeldDirectory {
    return new HeldDirectory(openSync(path, O_PATH | O_DIRECTORY), path);
  }

  /** The descriptor, valid until `close`: for children, and bind mounts. */
  get fd(): number {
    return this.#fd;
  }

  /** A directory below this one. Errors: those of `openFile`, ENOTDIR. */
  directory(path: string): HeldDirectory {
    return new HeldDirectory(this.openFile(path, O_RDONLY | O_DIRECTORY), join(this.path, path));
  }

  /** A directory below this one, only to reach its entries, as `Directory.pass`. Errors: those of `directory`. */
  pass(path: string): HeldDirectory {
    return new HeldDirectory(this.openFile(path, O_PATH | O_DIRECTORY), join(this.path, path));
  }

  /** A directory below this one, created if missing. Errors: those of `directory`. @param mode permission bits of a new one */
  makeDirectory(name: string, mode: number): HeldDirectory {
    try {
      mkdirSync(this.pathTo(name), mode);
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EEXIST') throw this.#explain(error, name);
    }
    return this.directory(name);
  }

  /**
   * Opens a file below this directory, close-on-exec. No symbolic link is followed, not even the last name.
   *
   * Errors: ENOENT, ELOOP for a symbolic link in the path, EXDEV for a path that leads out.
   *
   * @param flags of open(2)
   * @param mode permission bits of a new file (O_CREAT, O_TMPFILE), less those of the umask
   * @throws UmlmonError HOST_SYSTEM_CALL if the kernel of the host is too old
   */
  openFile(path: string, flags: number, mode = 0): number {
    for (let attempt = 1; ; attempt++)
      try {
        return openBeneath(this.#fd, path, flags, mode);
      } catch (error) {
        if (!isSystemError(error)) throw error;
        if (error.code === 'EAGAIN' && attempt < attempts) continue;
        // RestrictSUIDSGID= of systemd forbids openat2(2), because its filter cannot inspect the arguments.
        if (error.code === 'ENOSYS' && knowsOpenat2(release())) return this.#walk(path, flags, mode);
        if (error.code === 'ENOSYS')
          throw new UmlmonError('HOST_SYSTEM_CALL', {
            place: join(this.path, path),
            cause: `Linux ${release()} has no openat2(2), which umlmon needs for safe paths below directories of other users`,
            hint: 'run umlmon on Linux 5.6 or newer',
          });
        throw this.#explain(error, path);
      }
  }

  /** Errors: as for `openFile`. */
  #walk(path: string, flags: number, mode: number): number {
    try {
      return walkBeneath(this.#fd, path, flags, mode);
    } catch (error) {
      throw this.#explain(error, path);
    }
  }

  /** The status of an entry without following links; undefined if it does not exist. */
  look(name: string): BigIntStats | undefined {
    try {
      return lstatSync(this.pathTo(name), { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      throw this.#explain(error, name);
    }
  }

  /** Its path through the descriptor, valid while it is open: for O_TMPFILE and for children. */
  get here(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  /** The target of a symbolic link; undefined if the entry is not a link or is missing. */
  readLink(name: string): string | undefined {
    try {
      return readlinkSync(this.pathTo(name));
    } catch (error) {
      if (isSystemError(error) && (error.code === 'EINVAL' || error.code === 'ENOENT')) return undefined;
      throw this.#explain(error, name);
    }
  }

  /** The status of this directory. */
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
   * The entries, one after the other, unsorted. They are read on demand, in blocks, so the size of the directory does not
   * matter.
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

  /** Renames an entry, in this directory or to another one; it replaces an existing entry. */
  rename(name: string, to: string, directory: HeldDirectory = this): void {
    try {
      renameSync(this.pathTo(name), directory.pathTo(to));
    } catch (error) {
      throw this.#explain(error, name);
    }
  }

  /** Links an open unnamed file. Errors: EEXIST. */
  link(fd: number, name: string): void {
    try {
      linkDescriptor(fd, this.pathTo(name));
    } catch (error) {
      throw this.#explain(error, name);
    }
  }

  /** Removes a file or link; false if missing. */
  remove(name: string): boolean {
    try {
      unlinkSync(this.pathTo(name));
      return true;
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return false;
      throw this.#explain(error, name);
    }
  }

  /** Removes an empty directory; false if missing. */
  removeDirectory(name: string): boolean {
    try {
      rmdirSync(this.pathTo(name));
      return true;
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return false;
      throw this.#explain(error, name);
    }
  }

  /** Removes an empty directory; false if it has entries or cannot be removed. */
  removeIfEmpty(name: string): boolean {
    try {
      this.removeDirectory(name);
      return true;
    } catch (error) {
      if (isSystemError(error)) return false;
      throw error;
    }
  }

  /** Removes an entry with its whole tree; a missing one is ignored. Errors: HOST_COMMAND. */
  async removeTree(name: string): Promise<void> {
    // A plain file or an empty directory needs no process.
    if (!this.look(name)?.isDirectory()) this.remove(name);
    else if (!this.removeIfEmpty(name)) await removeBelow(this.#fd, this.#entry(name), join(this.path, name));
  }

  /** Sets owner and mode of this directory. */
  give(owner: { readonly uid: number; readonly gid: number }, mode: number): void {
    const { uid, gid } = fstatSync(this.#fd);
    // The unit of umldir forbids fchown(2), even to the owner, so it is skipped if it changes nothing.
    const isKept = uid === owner.uid && uid === process.geteuid?.();
    if (!isKept || (uid === 0 && gid !== owner.gid)) fchownSync(this.#fd, owner.uid, owner.gid);
    fchmodSync(this.#fd, mode);
  }

  /** Makes new names durable across a crash of the host. */
  sync(): void {
    fsyncSync(this.#fd);
  }

  /**
   * The path of an entry through the descriptor, for calls of node:fs that do not follow the last name (lstat, unlink,
   * rename, open with O_NOFOLLOW, mkdir, link) while the directory is open.
   *
   * @throws Error for an invalid name
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

  /** The error with the path for messages. */
  #explain(error: unknown, name: string): unknown {
    if (!isSystemError(error)) return error;
    const [words = ''] = error.message.split(', ');
    const path = join(this.path, name);
    const { code, errno, syscall } = error;
    return Object.assign(new Error(`${words}, ${syscall} '${path}'`), { code, errno, syscall, path });
  }
}

/** Whether a kernel of this release (uname(2)) has openat2(2): Linux 5.6 is the first. */
export function knowsOpenat2(release: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return major > 5 || (major === 5 && minor >= 6);
}

/** Flags for files in directories of other users: opening a FIFO does not block, and a terminal does not become the controlling one. */
export const carefully = O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
