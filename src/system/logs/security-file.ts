import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../errors/errors.ts';
import { takeOver } from '../files/file-attributes.ts';
import { securityLimits } from '../limits/limits.ts';
import type { LineSink } from './security-log.ts';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/** A change of the file: writing fails from now on, or works again after missing lines. */
export type SecurityFileChange = { readonly failed: string } | { readonly missing: number };

/**
 * The file `security.log` of a program in a directory that only trusted users write to, mode 0640. Few lines come to it, so it is
 * opened for each line: it can be moved without a notification. It rotates by size: security.log.1 is the newest of the old
 * files. Lines that cannot be written are counted, and the next written line has their number.
 */
export class SecurityFile implements LineSink {
  readonly path: string;
  #missing = 0;
  #error = '';

  readonly #changed: (change: SecurityFileChange, path: string) => void;

  /** @param changed called once when lines start to get lost, and once when the file is written again */
  constructor(path: string, changed: (change: SecurityFileChange, path: string) => void = () => undefined) {
    this.path = path;
    this.#changed = changed;
  }

  /** Why the newest line was not written; empty if it was. */
  get error(): string {
    return this.#error;
  }

  write(line: string): void {
    const missing = this.#missing;
    try {
      this.#append(missing > 0 ? `${this.#missingLine()}${line}` : line);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#missing += 1;
      this.#error = error.message;
      if (missing === 0) this.#changed({ failed: error.message }, this.path);
      return;
    }
    this.#missing = 0;
    this.#error = '';
    if (missing > 0) this.#changed({ missing }, this.path);
  }

  #append(text: string): void {
    let fd = this.#open();
    try {
      const { size } = fstatSync(fd);
      if (size > 0 && size + Buffer.byteLength(text) > securityLimits.fileBytes) {
        const former = fd;
        this.#rotate();
        fd = this.#open();
        takeOver(former, fd);
        closeSync(former);
      }
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
  }

  #open(): number {
    return openSync(this.path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o640);
  }

  #rotate(): void {
    const name = (number: number) => (number === 0 ? this.path : `${this.path}.${number}`);
    rmSync(name(securityLimits.files), { force: true });
    for (let number = securityLimits.files - 1; number >= 0; number--)
      renameIfThere(name(number), name(number + 1));
  }

  #missingLine(): string {
    const what = `lines that could not be written: ${this.#error}`;
    return `${JSON.stringify({ time: Date.now(), kind: 'unlogged', what, count: this.#missing })}\n`;
  }
}

/** The file of a daemon in its directory. */
export function securityFile(
  directory: string,
  changed: (change: SecurityFileChange, path: string) => void,
): SecurityFile {
  return new SecurityFile(join(directory, 'security.log'), changed);
}

/** The change as text. */
export function securityFileText(change: SecurityFileChange): string {
  return 'failed' in change
    ? `security events are not recorded: ${change.failed}`
    : `security events are recorded again; ${change.missing} are missing in the file`;
}

/**
 * The directory of that file for daemons other than monitors: LOGS_DIRECTORY of the service manager (systemd.exec(5)), or `otherwise`, which is
 * created.
 */
export function securityDirectory(env: NodeJS.ProcessEnv, otherwise: string): string {
  const given = (env.LOGS_DIRECTORY ?? env.STATE_DIRECTORY ?? '').split(':', 1)[0];
  if (given) return given;
  try {
    mkdirSync(otherwise, { recursive: true, mode: 0o750 });
  } catch (error) {
    // Writing the file reports the error.
    if (!isSystemError(error)) throw error;
  }
  return otherwise;
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ENOENT') throw error;
  }
}
