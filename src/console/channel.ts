import { UmlmonError } from '../system/errors/errors.ts';
import { consoleLimits, consoleShares } from '../system/limits/limits.ts';
import { refusalText, type SharePeer, Shares } from '../system/sharing/shares.ts';
import { printable } from '../system/text.ts';
import { Waiters } from '../system/waiters.ts';
import { Deliveries } from './deliveries.ts';
import type { GuestTerminals } from './input/guest-terminals.ts';
import { InputGate, type InputState, type Patience } from './input/input-gate.ts';
import { type ConsoleLog, note } from './log.ts';
import { type Loss, type Mark, unknownLoss } from './log-marks.ts';
import type { Pty, Size } from './pty.ts';
import { type Piece, Ring } from './ring.ts';
import { WindowHistory } from './screen/window-history.ts';
import { StallWatch } from './wake-kernel.ts';

/** The reader for reads that no client requested. */
const monitorItself: SharePeer = { key: 'monitor', isOwner: true };

export interface ChannelParts {
  /** con0, ssl3 … */
  readonly name: string;
  readonly ring?: Ring;
  readonly log?: ConsoleLog;
}

/** What a viewer asks for: at most `max` bytes from `offset` on, waiting `waitMs` milliseconds for the first one. */
export interface Request {
  readonly offset: number;
  readonly max: number;
  readonly waitMs: number;
}

/**
 * A console or serial line of a VM. Its output is always read into the ring and the log, with or without viewers:
 * the guest never waits. Viewers read the ring by offset at their own pace, and a slow viewer loses output.
 */
export class Channel {
  readonly name: string;
  readonly ring: Ring;
  /** A new pty gets this size at first. */
  readonly window = new WindowHistory({ columns: 80, rows: 24 });
  /** Offset of the first output of the present kernel, or of the last one if no kernel runs. */
  began = 0;
  /** Bytes that the guest has sent. */
  bytesOut = 0;
  /** Bytes that were accepted for the guest. */
  bytesIn = 0;
  /** Open viewers at this channel. */
  viewers = 0;
  /** Upper bound of the bytes that a previous monitor read and did not log. */
  maybeLost = 0;
  /** Called when input has waited for a while for a guest that does not read it, and when that is over. */
  onInputWait: (input: InputState) => void = () => undefined;
  #gate: InputGate | undefined;
  #terminals: GuestTerminals | undefined;
  #pty: Pty | undefined;
  #mark: Mark | undefined;
  #log: ConsoleLog | undefined;
  #ended = false;
  #stallWatch: StallWatch | undefined;
  readonly #deliveries = new Deliveries();
  readonly #listeners = new Set<() => void>();
  readonly #readers = new Waiters();
  /** Readers that control the console: they get an echo before the others. */
  readonly #firstReaders = new Waiters();
  readonly #waiters = new Shares(consoleShares.waiters);
  /** Output that the listeners do not know of yet. */
  #untold = 0;
  #gatherTimer: NodeJS.Timeout | undefined;

  /** Takes possession of the log. */
  constructor({ name, ring = new Ring(), log }: ChannelParts) {
    this.name = name;
    this.ring = ring;
    this.#log = log;
  }

  get log(): ConsoleLog | undefined {
    return this.#log;
  }

  /** From now on to this log, or to none. */
  setLog(log: ConsoleLog | undefined): void {
    if (log !== this.#log) this.#log?.close();
    this.#log = log;
  }

  /**
   * Takes possession of a kernel's pty and reads it from now on. Ring, log and viewers continue from their present offsets.
   *
   * @param wake makes the kernel check its descriptors, without any other effect
   * @param mark is kept up to date for the next monitor
   */
  connect(pty: Pty, wake?: () => void, mark?: Mark): void {
    this.#connect(pty, true, wake, mark);
  }

  #connect(pty: Pty, isNew: boolean, wake?: () => void, mark?: Mark): void {
    this.disconnect();
    const gated = {
      put: (bytes: Uint8Array) => this.#put(bytes),
      outside: () => pty.untaken,
      output: () => this.bytesOut,
      terminals: () => this.#terminals,
      onWait: (input: InputState) => this.onInputWait(input),
    };
    this.#gate = new InputGate(gated, isNew);
    this.began = this.ring.next;
    this.#pty = pty;
    this.#mark = mark;
    if (wake) this.#stallWatch = new StallWatch(wake);
    this.#settle();
    const reader = { data: (bytes: Buffer) => this.#take(bytes), failed: () => this.disconnect() };
    pty.start(reader, mark);
  }

  /**
   * Takes possession of a pty that a previous monitor has read. Output that it read and did not log is counted in
   * `maybeLost`, and a note marks where it is missing.
   */
  takeOver(pty: Pty, wake: () => void, mark: Mark | undefined): void {
    // The end of the log shows which output it has. Without a log, no output was saved anyway.
    const loss = this.#log && (mark?.lossSince(this.#log.end) ?? unknownLoss);
    if (loss && loss.bytes > 0) {
      this.maybeLost += loss.bytes;
      const note = noteOfLoss(loss);
      // A monitor that is killed right here may have written the note: the next monitor cannot be exact.
      mark?.begin();
      this.ring.append(note);
      this.#log?.append(note);
    }
    this.#connect(pty, false, wake, mark);
  }

  /** Writes a line of umlmon's own into the output, where all viewers and the log have it. */
  say(text: string): void {
    this.#keep(Buffer.from(note(text)));
    this.#tell();
  }

  /** The kernel is gone: takes what is left in the pty, and closes it. */
  disconnect(): void {
    const pty = this.#pty;
    this.#pty = undefined;
    if (!pty) return;
    pty.drain();
    pty.close();
    this.window.renew(this.ring.next);
    this.#mark = undefined;
    this.#gate = undefined;
    this.#terminals = undefined;
    this.#stallWatch?.close();
    this.#stallWatch = undefined;
  }

  /** The channel is closed: no more output will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Waits for output and hands it out in fair turns: what a viewer reads; see `read` and `waitFor`. The bytes are valid
   * until the caller lets others run.
   *
   * @param ahead of the other viewers, for the controller
   * @throws UmlmonError CONSOLE_BUSY when the viewer, or all together, have too many calls that wait
   */
  async deliver(
    { offset, max, waitMs }: Request,
    ahead: boolean,
    signal?: AbortSignal,
    peer: SharePeer = monitorItself,
  ): Promise<Piece> {
    const release = this.#enter(peer);
    try {
      await this.#wait({ offset, waitMs, ahead }, signal);
      await this.#deliveries.pass(ahead, peer);
      const piece = this.ring.read(offset, max);
      this.#deliveries.spent(piece.data.length);
      return piece;
    } finally {
      release();
    }
  }

  /** At most `max` bytes of output from `offset` on; see Ring.read for how long they are valid. */
  read(offset: number, max: number): Piece {
    return this.ring.read(offset, max);
  }

  /** Looks from now on there how much input the guest has not read. */
  useTerminals(terminals: GuestTerminals): void {
    this.#terminals = terminals;
    this.#gate?.beginSeeing();
  }

  /** State of the input; undefined without a kernel. */
  get input(): InputState | undefined {
    return this.#gate?.state;
  }

  /**
   * Types bytes into the channel.
   *
   * @returns how many the guest has room for: fewer than given if it does not read its input
   */
  write(bytes: Uint8Array): number {
    return this.#gate?.write(bytes) ?? 0;
  }

  /** The same, but waits for a guest that has no room; see InputGate.type. */
  async type(bytes: Uint8Array, patience: Patience): Promise<number> {
    return (await this.#gate?.type(bytes, patience)) ?? 0;
  }

  #put(bytes: Uint8Array): number {
    const accepted = this.#pty?.write(bytes) ?? 0;
    this.bytesIn += accepted;
    if (accepted > 0) this.#stallWatch?.hasTyped();
    return accepted;
  }

  resize(size: Size): void {
    this.window.resize(this.ring.next, size);
    this.#pty?.resize(size);
  }

  /**
   * Calls `listener` after new output, and at the end.
   *
   * @returns the function that takes the listener off again
   */
  onData(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Waits until there is output after `offset`, the channel ends, `waitMs` milliseconds are over, or the signal
   * is aborted. The caller finds out which by reading.
   *
   * @throws UmlmonError CONSOLE_BUSY when the peer, or all together, have too many that wait
   */
  async waitFor(
    offset: number,
    waitMs: number,
    signal?: AbortSignal,
    peer: SharePeer = monitorItself,
  ): Promise<void> {
    const release = this.#enter(peer);
    await this.#wait({ offset, waitMs, ahead: false }, signal).finally(release);
  }

  #enter(peer: SharePeer): () => void {
    const release = this.#waiters.take(peer);
    if (typeof release === 'function') return release;
    throw new UmlmonError('CONSOLE_BUSY', {
      place: this.name,
      cause: refusalText(release, 'readers of its output'),
      hint: 'close other viewers of this console: umlwatch VM -who',
    });
  }

  async #wait(
    { offset, waitMs, ahead }: { offset: number; waitMs: number; ahead: boolean },
    signal?: AbortSignal,
  ): Promise<void> {
    const isOver = () => this.#ended || this.ring.next > offset || signal?.aborted === true;
    const listeners = ahead ? this.#firstReaders : this.#readers;
    const deadline = performance.now() + waitMs;
    for (let left = waitMs; left > 0 && !isOver(); left = deadline - performance.now())
      await listeners.wait(left, signal);
  }

  /** The last lines of output from offset `from` on, within the newest `bytes` bytes, safe to show. */
  lastLines(bytes: number, from = 0): string[] {
    // A program that has just exited may have written more than was read.
    this.#pty?.drain();
    const { offset, data } = this.ring.read(Math.max(from, this.ring.next - bytes), bytes);
    const lines = Buffer.from(data).toString('utf8').split(/\r*\n/);
    // The first line may have lost its start.
    if (offset > from && lines.length > 1) lines.shift();
    if (lines.at(-1) === '') lines.pop();
    return lines.map((line) => printable(line, consoleLimits.lineCharacters));
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.disconnect();
    this.#log?.close();
    this.#tell();
  }

  #take(bytes: Buffer): void {
    const floods = bytes.length >= consoleLimits.wakeBytes;
    this.#stallWatch?.hasRead(bytes.length);
    if (floods) this.#deliveries.flooded(bytes.length);
    this.bytesOut += bytes.length;
    this.#keep(bytes);
    this.#untold += bytes.length;
    if (floods ? this.#untold >= consoleLimits.gatherBytes : this.#firstReaders.size === 0) this.#tell();
    else {
      // The other readers would keep the core busy on which the controller's program must show the echo.
      if (!floods) this.#firstReaders.wake();
      this.#gatherTimer ??= setTimeout(() => this.#tell(), consoleLimits.gatherTime);
    }
  }

  #keep(bytes: Buffer): void {
    this.ring.append(bytes);
    this.#log?.append(bytes);
    this.#settle();
  }

  #settle(): void {
    this.#mark?.settle(this.#log ? this.#log.end + this.#log.unsaid : this.bytesOut);
  }

  #tell(): void {
    clearTimeout(this.#gatherTimer);
    this.#gatherTimer = undefined;
    this.#untold = 0;
    this.#firstReaders.wake();
    this.#readers.wake();
    for (const listener of [...this.#listeners]) listener();
  }
}

function noteOfLoss({ bytes, exact }: Loss): Buffer {
  return Buffer.from(note(`taken over; ${exact ? '' : 'up to '}${bytes} bytes are missing`));
}
