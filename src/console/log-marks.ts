import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { consoleLimits } from '../system/limits/limits.ts';
import { mapFile } from '../system/native/native.ts';

const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;

/** con0 to con15 and ssl0 to ssl63: two numbers of eight bytes each. */
const SLOTS = 80;
const SSL_FIRST = 16;
const FILE_BYTES = 4096;

/** State of a slot: unused, all bytes up to `taken` are in the log, or a read(2) is in progress. */
const state = { unknown: 0, idle: 1, reading: 2 } as const;

/** Output that a monitor which was killed has taken from a console and not put into its log. */
export interface Loss {
  readonly bytes: number;
  /** False if fewer bytes may be missing. */
  readonly exact: boolean;
}

/**
 * How far the consoles of a VM have been read, in a file that is mapped into memory. An update costs no system call, and
 * survives a SIGKILL. So the next monitor knows how many bytes the log lacks.
 */
export class Marks {
  readonly #slots: Float64Array;

  /** Errors: those of the system, e.g. when its file system is full. Mapped until the process ends. */
  static open(path: string): Marks {
    const fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      // Written, not just made so long: a store into a hole would be SIGBUS on a full disk.
      if (fstatSync(fd).size !== FILE_BYTES) {
        ftruncateSync(fd, 0);
        writeFileSync(fd, Buffer.alloc(FILE_BYTES));
      }
      return new Marks(new Float64Array(mapFile(fd, FILE_BYTES)));
    } finally {
      closeSync(fd);
    }
  }

  private constructor(slots: Float64Array) {
    this.#slots = slots;
  }

  /** The mark of a channel, con0 to con15 or ssl0 to ssl63. */
  of(channel: string): Mark {
    const [, kind, unit] = /^(con|ssl)(\d{1,2})$/.exec(channel) ?? [];
    const slot = Number(unit) + (kind === 'ssl' ? SSL_FIRST : 0);
    if (!(slot < SLOTS)) throw new Error(`${channel} has no mark`);
    return new Mark(this.#slots.subarray(2 * slot, 2 * slot + 2));
  }
}

/** The mark of one console. */
export class Mark {
  readonly #slot: Float64Array;

  /** @param slot state, and offset in the log that the next byte read will have */
  constructor(slot: Float64Array) {
    this.#slot = slot;
  }

  /** A read starts. */
  begin(): void {
    this.#slot[0] = state.reading;
  }

  /** It has given so many bytes. */
  end(bytes: number): void {
    this.#slot[1] = (this.#slot[1] ?? 0) + bytes;
    this.#slot[0] = state.idle;
  }

  /** Everything that was read is in the log, or counted by it as missing, up to this offset. */
  settle(offset: number): void {
    this.#slot[1] = offset;
    this.#slot[0] = state.idle;
  }

  /** What the former user of this mark has read beyond `end`, the end of the log. */
  lossSince(end: number): Loss {
    const [now, taken = 0] = this.#slot;
    if (now !== state.idle && now !== state.reading) return unknownLoss;
    const bytes = Math.max(0, taken - end);
    return now === state.idle
      ? { bytes, exact: true }
      : { bytes: bytes + consoleLimits.ptyReadBytes, exact: false };
  }
}

/** Without a mark: one turn of reading. */
export const unknownLoss: Loss = { bytes: consoleLimits.readBytes, exact: false };
