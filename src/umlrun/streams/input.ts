import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { umlrunLimits } from '../../system/limits/limits.ts';
import type { HostFrame } from './frames.ts';

/**
 * Carries a stream to the standard input of the command, one piece after the other. It sends the next piece when the
 * guest has read the last. A small piece goes over the serial line, which a kernel reads byte by byte. A large piece goes
 * into a file that the guest sees, which is some hundred times faster.
 */
export class Input {
  readonly #source: Readable;
  readonly #directory: string;
  readonly #send: (frame: HostFrame) => void;
  readonly #fail: (error: unknown) => void;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #count = 0;
  /** The file of the piece that the guest has not yet taken; '' for one that went over the line. */
  #underWay: string | undefined;
  #ended = false;
  #closed = false;

  /**
   * @param directory is where files for the guest go
   * @param fail is called with the error if a piece cannot be written
   */
  constructor(
    source: Readable,
    directory: string,
    { send, fail }: { send: (frame: HostFrame) => void; fail: (error: unknown) => void },
  ) {
    this.#source = source;
    this.#directory = directory;
    this.#send = send;
    this.#fail = fail;
  }

  start(): void {
    this.#source.on('data', (bytes: Buffer) => {
      this.#waiting.push(bytes);
      this.#bytes += bytes.length;
      if (this.#bytes >= umlrunLimits.pieceBytes) this.#source.pause();
      this.#next();
    });
    const end = () => {
      this.#ended = true;
      this.#next();
    };
    this.#source.once('end', end);
    this.#source.once('error', end);
  }

  /** The guest has the last piece. */
  taken(): void {
    if (this.#underWay) rmSync(this.#underWay, { force: true });
    this.#underWay = undefined;
    this.#next();
  }

  /** The command in the guest has closed its input. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#source.destroy();
  }

  #next(): void {
    if (this.#closed || this.#underWay !== undefined) return;
    if (this.#bytes === 0) {
      if (!this.#ended) return;
      this.#closed = true;
      this.#send({ is: 'input-end' });
      return;
    }
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
    if (all.length <= umlrunLimits.lineBytes) {
      this.#underWay = '';
      this.#send({ is: 'input', data: all });
    } else {
      const name = String(this.#count++);
      this.#underWay = join(this.#directory, name);
      try {
        writeFileSync(this.#underWay, all, { mode: 0o644, flag: 'wx' });
      } catch (error) {
        this.close();
        this.#fail(error);
        return;
      }
      this.#send({ is: 'input-file', name });
    }
    this.#source.resume();
  }
}
