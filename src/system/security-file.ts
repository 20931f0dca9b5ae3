import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from './errors.ts';
import { takeOver } from './file-attributes.ts';
import { securityLimits } from './limits.ts';
import type { LineSink } from './security-log.ts';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/**
 * The file `security.log` of a program in a directory that only trusted users write to, mode 0640. Few lines come to it, so it is
 * opened for each: whoever moves it away needs to tell nobody. It rotates by size: security.log.1 is the newest of the former
 * ones. A line that cannot be written is counted, and the next one that can be says how many are missing.
 */
export class SecurityFile implements LineSink {
  readonly path: string;
  #missing = 0;
  #error = '';

  constructor(path: string) {
    this.path = path;
  }

  /** Why the newest line is not written; empty if it is. */
  get error(): string {
    return this.#error;
  }

  write(line: string): void {
    try {
      this.#append(this.#missing > 0 ? `${this.#missingLine()}${line}` : line);
      this.#missing = 0;
      this.#error = '';
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#missing += 1;
      this.#error = error.message;
    }
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

/** That of a daemon, in its directory. */
export function securityFile(directory: string): SecurityFile {
  return new SecurityFile(join(directory, 'security.log'));
}

/**
 * Where a daemon that is no monitor has that file: where the service manager says (systemd.exec(5)), or in `otherwise`, which is
 * made then.
 */
export function securityDirectory(env: NodeJS.ProcessEnv, otherwise: string): string {
  const given = (env.LOGS_DIRECTORY ?? env.STATE_DIRECTORY ?? '').split(':', 1)[0];
  if (given) return given;
  try {
    mkdirSync(otherwise, { recursive: true, mode: 0o750 });
  } catch (error) {
    // The file tells when it is written.
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
