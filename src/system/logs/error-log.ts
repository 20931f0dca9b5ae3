import { closeSync, constants, fstatSync, readlinkSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { UmlmonError } from '../errors/errors.ts';
import { openTrustedDirectory } from '../files/trusted-path.ts';

const { O_APPEND, O_CREAT, O_WRONLY } = constants;
const standardError = 2;

/**
 * Standard error as the log of a daemon in the foreground. Where that is a file, which somebody may have moved, it can be
 * opened again by the name that it had; a terminal, a pipe or the journal stays what it is. What cannot be written is lost.
 */
export class ErrorLog {
  /** The name of the file; empty if it is none. */
  readonly #path: string = nameOf(standardError);
  #fd = standardError;

  constructor() {
    // A terminal that is gone must not end the daemon.
    process.stderr.on('error', () => undefined);
  }

  /** The form in which pino writes. */
  write(line: string): void {
    if (this.#path === '') process.stderr.write(line);
    else
      try {
        writeSync(this.#fd, line);
      } catch {
        // A full disk must not end the daemon.
        return;
      }
  }

  /**
   * Opens the file that has the name now, or makes it, and writes there from now on. The directory and all above it must
   * be closed to other users, who could otherwise lead the log to another file.
   *
   * @throws UmlmonError HOST_LOG_UNTRUSTED, and errors of node:fs if the file cannot be opened; the log stays as it was
   */
  reopen(): void {
    if (this.#path === '') return;
    const directory = openTrustedDirectory(dirname(this.#path));
    if (typeof directory === 'string')
      throw new UmlmonError('HOST_LOG_UNTRUSTED', {
        place: this.#path,
        cause: directory,
        hint: 'keep the log in a directory to which only its owner may write',
      });
    let fd: number;
    try {
      fd = directory.openFile(basename(this.#path), O_WRONLY | O_APPEND | O_CREAT, 0o640);
    } finally {
      directory.close();
    }
    const previous = isSameFile(fd, this.#fd) ? fd : this.#fd;
    if (previous !== fd) this.#fd = fd;
    if (previous !== standardError) closeSync(previous);
  }
}

function nameOf(fd: number): string {
  try {
    return fstatSync(fd).isFile() ? readlinkSync(`/proc/self/fd/${fd}`) : '';
  } catch {
    return '';
  }
}

function isSameFile(one: number, other: number): boolean {
  const [a, b] = [fstatSync(one), fstatSync(other)];
  return a.ino === b.ino && a.dev === b.dev;
}
