import { beforeDeath } from '../../system/errors/deadly-signals.ts';
import { write } from '../print/output.ts';
import { TerminalModes } from './terminal-modes.ts';

/** A monitor takes no larger window. */
const sizeMax = 1000;
/** Of a terminal that has no size: a serial line, or one of `docker run -t` without a terminal. */
const usualSize = { columns: 80, rows: 24 };

/**
 * The user's end of a console session. A terminal as input is raw until `close`. A terminal as output is
 * restored after all changes by the guest, also when a signal ends the program.
 */
export class SessionTerminal {
  readonly input = process.stdin;
  readonly output = process.stdout;
  /** The input is a terminal. */
  readonly isInteractive = process.stdin.isTTY === true;
  /** Called with all output of the guest; for a recording. */
  onShow: ((bytes: Uint8Array) => void) | undefined;
  #modes = new TerminalModes();
  /** Ends the watch for signals; undefined while the session is not open. */
  #release: (() => void) | undefined;

  open(): void {
    this.#release = beforeDeath(() => this.close());
    if (this.isInteractive) this.input.setRawMode(true);
    if (this.isInteractive) process.on('SIGCONT', this.#onContinue);
  }

  /** What the guest draws is on a terminal of the user. */
  get isWindow(): boolean {
    return this.size.rows > 0;
  }

  /** Size of the window, as a monitor takes it; 0 × 0 without a window. */
  get size(): { columns: number; rows: number } {
    if (!this.isInteractive || !this.output.isTTY) return { columns: 0, rows: 0 };
    const { columns, rows } = this.output;
    if (!(columns > 0 && rows > 0)) return usualSize;
    return { columns: Math.min(columns, sizeMax), rows: Math.min(rows, sizeMax) };
  }

  /** Output of the guest. */
  async show(bytes: Uint8Array): Promise<void> {
    if (this.output.isTTY) this.#modes.watch(bytes);
    this.onShow?.(bytes);
    await write(bytes);
  }

  /** A message of umlwatch itself, on a line of its own. */
  message(text: string): void {
    if (this.isInteractive) process.stderr.write(`\r\n[${text}]\r\n`);
  }

  /** A message also for scripts, on standard error. */
  warn(text: string): void {
    if (this.isInteractive) this.message(text);
    else process.stderr.write(`umlwatch: ${text}\n`);
  }

  /** A question of umlwatch itself; the answer is typed behind it. */
  ask(text: string): void {
    if (this.isInteractive) process.stderr.write(`\r\n[${text}`);
  }

  /** What is typed of an answer. */
  echo(text: string): void {
    if (this.isInteractive) process.stderr.write(text);
  }

  bell(): void {
    if (this.output.isTTY) this.output.write('\x07');
  }

  /** Undoes what the guest did to the terminal. */
  reset(): void {
    if (this.output.isTTY) this.output.write(this.#modes.restore());
    this.#modes = new TerminalModes();
  }

  close(): void {
    if (!this.#release) return;
    this.#release();
    this.#release = undefined;
    process.off('SIGCONT', this.#onContinue);
    this.reset();
    this.#setRaw(false);
  }

  /** The shell has put its own modes while we were stopped, which Node does not know. */
  readonly #onContinue = () => {
    this.#setRaw(false);
    this.#setRaw(true);
  };

  #setRaw(isRaw: boolean): void {
    try {
      if (this.isInteractive) this.input.setRawMode(isRaw);
    } catch {
      // The terminal is gone: there is nothing to put back.
      return;
    }
  }
}
