import { closeSync, constants, existsSync, fstatSync, readSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UmlmonError } from '../system/errors/errors.ts';
import { consoleLimits } from '../system/limits/limits.ts';
import { loadAddon, requireAddon } from '../system/native/addon.ts';
import {
  openPtyPeer,
  setCloseOnExec,
  setNonBlocking,
  setRawMode,
  unreadBytes,
} from '../system/native/native.ts';
import { type Watch, watch } from '../system/watch.ts';
import type { Mark } from './log-marks.ts';

/** node-pty's binding. Its JavaScript is not used: it reads the slave itself and steals what is typed. */
interface PtyBinding {
  open(columns: number, rows: number): { master: number; slave: number; pty: string };
  resize(master: number, columns: number, rows: number): void;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface PtyReader {
  /** Output of the slave side. The bytes are valid until the call returns. */
  data(bytes: Buffer): void;
  /** The pty has become unusable. Cannot happen unless it is revoked, because we hold its slave. */
  failed(error: NodeJS.ErrnoException): void;
}

/** Device number of /dev/ptmx, 5:2 (Documentation/admin-guide/devices.txt), in the encoding of makedev(3). */
const PTMX = 5 * 256 + 2;

let binding: PtyBinding | undefined;
/** One buffer for all ptys: who reads it keeps nothing of it. */
let shared: Buffer | undefined;
const nothing = Buffer.alloc(0);

function ptyBinding(): PtyBinding {
  if (binding) return binding;
  const home = dirname(requireAddon.resolve('node-pty/package.json'));
  const places = ['build/Release', 'build/Debug', `prebuilds/${process.platform}-${process.arch}`];
  const found = places.map((place) => join(home, place, 'pty.node')).find((path) => existsSync(path));
  binding = loadAddon(found ?? join(home, 'build/Release/pty.node')) as PtyBinding;
  return binding;
}

/**
 * A pseudo-terminal in raw mode with a process (the kernel of a VM) at its slave side, and us at its master.
 * A slave stays open here, so that the pty outlives those who use it, and what they wrote last can still be read.
 */
export class Pty {
  readonly master: number;
  /** For the `stdio` of a child; its open file is shared with the child, and never read or written here. */
  readonly slave: number;
  #watch: Watch | undefined;
  #reader: PtyReader | undefined;
  #mark: Mark | undefined;
  #queue: Buffer = nothing;
  /** In milliseconds of performance.now(). */
  #awakeUntil = 0;
  #nextTurn: NodeJS.Immediate | undefined;
  #closed = false;

  /** A new pty. Close-on-exec: only a child that gets `master` or `slave` by number has them. */
  static open({ columns, rows }: Size): Pty {
    const opened = ptyBinding().open(columns, rows);
    setCloseOnExec(opened.master, true);
    try {
      // The binding's slave is non-blocking and inherited by children: the Pty opens one that is neither.
      return new Pty(opened.master);
    } finally {
      closeSync(opened.slave);
    }
  }

  /**
   * Takes over an open master, e.g. one that a previous monitor left with its kernel (pidfd_getfd(2)). The kernel may have
   * replaced it by anything: a descriptor that is not a master is closed, and an error.
   */
  static adopt(master: number): Pty {
    const { rdev, mode } = fstatSync(master);
    if ((mode & constants.S_IFMT) !== constants.S_IFCHR || rdev !== PTMX) {
      closeSync(master);
      throw new UmlmonError('CONSOLE_OTHER_SESSION', {
        place: `descriptor ${master}`,
        cause: 'the descriptor of the kernel is not a pty master',
      });
    }
    setCloseOnExec(master, true);
    setNonBlocking(master);
    return new Pty(master);
  }

  private constructor(master: number) {
    this.master = master;
    try {
      this.slave = openPtyPeer(master);
    } catch (error) {
      closeSync(master);
      throw error;
    }
    // UML sets raw mode when the guest opens the console. What is typed before must not be echoed.
    setRawMode(this.slave);
  }

  /**
   * Reads all output from now on; without a reader the slave side waits once the pty is full.
   *
   * @param mark is called for every read
   */
  start(reader: PtyReader, mark?: Mark): void {
    this.#reader = reader;
    this.#mark = mark;
    this.#watch ??= watch(this.master, {}, ({ readable, writable }) => {
      if (writable) this.#flush();
      if (readable) this.#turn();
    });
    this.#arm();
  }

  /**
   * Types bytes into the slave side. What it does not take at once is queued, up to consoleLimits.writeQueueBytes.
   *
   * @returns how many of the bytes were accepted; the rest is for the caller to offer again
   */
  write(bytes: Uint8Array): number {
    if (this.#closed) return 0;
    const written = this.#queue.length > 0 ? 0 : this.#writeNow(bytes);
    const rest = bytes.subarray(written, written + consoleLimits.writeQueueBytes - this.#queue.length);
    if (rest.length > 0) {
      this.#queue = Buffer.concat([this.#queue, rest]);
      this.#arm();
    }
    return written + rest.length;
  }

  /** Bytes accepted by `write` that the slave side has not taken yet. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Bytes typed that the slave side has not read; 0 once closed. */
  get untaken(): number {
    return this.#closed ? 0 : this.#queue.length + unreadBytes(this.slave);
  }

  /** The guest sees the new size at its next look; on a console of UML, with SIGWINCH. */
  resize({ columns, rows }: Size): void {
    if (!this.#closed) ptyBinding().resize(this.master, columns, rows);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch?.close();
    clearImmediate(this.#nextTurn);
    this.#queue = nothing;
    closeSync(this.master);
    closeSync(this.slave);
  }

  /**
   * Reads all output that the slave side has written so far, after its last writer has closed it. At most twice the size
   * of a pty, in case a writer is left.
   */
  drain(): void {
    for (
      let taken = 0, length = 1;
      length > 0 && taken < 2 * consoleLimits.ptyBytes && !this.#closed;
      taken += length
    )
      length = this.#drain();
  }

  #arm(): void {
    this.#watch?.set({ readable: true, writable: this.#queue.length > 0 });
  }

  /**
   * In a flood, polls for more without sleeping: a wake-up on another core takes longer than the guest needs to fill the
   * pty.
   */
  #turn(): void {
    const now = performance.now();
    if (this.#drain() >= consoleLimits.stallBytes) this.#awakeUntil = now + consoleLimits.awakeTime;
    if (now >= this.#awakeUntil || this.#closed || this.#nextTurn) return;
    this.#nextTurn = setImmediate(() => {
      this.#nextTurn = undefined;
      this.#turn();
    });
  }

  /**
   * One turn of reading: at most one buffer full, so that several consoles share the event loop fairly. Stops
   * without asking for EAGAIN where a short read shows that the pty is empty; the watch is level-triggered.
   */
  #drain(): number {
    shared ??= Buffer.allocUnsafeSlow(consoleLimits.readBytes);
    let filled = 0;
    let failure: NodeJS.ErrnoException | undefined;
    try {
      while (consoleLimits.readBytes - filled >= consoleLimits.ptyReadBytes) {
        this.#mark?.begin();
        const length = readSync(this.master, shared, filled, consoleLimits.ptyReadBytes, null);
        this.#mark?.end(length);
        filled += length;
        if (length < consoleLimits.ptyReadBytes / 2) break;
      }
    } catch (error) {
      this.#mark?.end(0);
      if (!isTemporary(error)) failure = error as NodeJS.ErrnoException;
    }
    if (filled > 0) this.#reader?.data(shared.subarray(0, filled));
    if (failure) this.#fail(failure);
    return filled;
  }

  #flush(): void {
    this.#queue = this.#queue.subarray(this.#writeNow(this.#queue));
    if (this.#queue.length > 0) return;
    this.#queue = nothing;
    this.#arm();
  }

  #writeNow(bytes: Uint8Array): number {
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.master, bytes, written);
    } catch (error) {
      if (!isTemporary(error)) this.#fail(error as NodeJS.ErrnoException);
    }
    return written;
  }

  #fail(error: NodeJS.ErrnoException): void {
    const reader = this.#reader;
    this.close();
    reader?.failed(error);
  }
}

function isTemporary(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAGAIN' || code === 'EINTR';
}
