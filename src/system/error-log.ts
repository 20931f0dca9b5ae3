import { closeSync, constants, fstatSync, openSync, readlinkSync, statSync, writeSync } from 'node:fs';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
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
   * Goes on in the file that has the name now, or makes it.
   *
   * @throws Error of node:fs, if that cannot be written: then all stays as it is
   */
  reopen(): void {
    if (this.#path === '' || isSame(this.#path, this.#fd)) return;
    const fd = openSync(this.#path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o640);
    if (this.#fd !== standardError) closeSync(this.#fd);
    this.#fd = fd;
  }
}

function nameOf(fd: number): string {
  try {
    return fstatSync(fd).isFile() ? readlinkSync(`/proc/self/fd/${fd}`) : '';
  } catch {
    return '';
  }
}

function isSame(path: string, fd: number): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const open = fstatSync(fd);
  return named?.ino === open.ino && named.dev === open.dev;
}
