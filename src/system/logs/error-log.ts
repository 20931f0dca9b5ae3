import { closeSync, constants, fstatSync, readlinkSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { UmlmonError } from '../errors/errors.ts';
import { openTrustedDirectory } from '../files/trusted-path.ts';

const { O_APPEND, O_CREAT, O_WRONLY } = constants;
const standardError = 2;

/**
 * Standard error as the log of a daemon in the foreground. A file, which may have been moved, can be
 * reopened by its original name. A terminal, a pipe or the journal is not reopened. Failed writes are lost.
 */
export class ErrorLog {
  /** The name of the file; empty for other destinations. */
  readonly #path: string = nameOf(standardError);
  #fd = standardError;

  constructor() {
    // A closed terminal must not end the daemon.
    process.stderr.on('error', () => undefined);
  }

  /** The interface that pino writes to. */
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
   * Opens or creates the file of that name, and writes there from now on. Other users must have no write permission for
   * the directory and its parents, because they could redirect the log.
   *
   * @throws UmlmonError HOST_LOG_UNTRUSTED; errors of node:fs if the file cannot be opened. The log is then unchanged.
   */
  reopen(): void {
    if (this.#path === '') return;
    const directory = openTrustedDirectory(dirname(this.#path));
    if (typeof directory === 'string')
      throw new UmlmonError('HOST_LOG_UNTRUSTED', {
        place: this.#path,
        cause: directory,
        hint: 'use a log directory that only its owner can write to',
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
