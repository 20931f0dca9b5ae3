import { closeSync, openSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { clientLimits } from '../../system/limits/limits.ts';

/** Bytes of a recording; then it ends. */
const { recordingBytes } = clientLimits;

export interface RecordingSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * A session that is written to a file as it happens: asciicast v2, a document per line
 * (https://docs.asciinema.org/manual/asciicast/v2/).
 */
export class Recording {
  readonly path: string;
  readonly #fd: number;
  readonly #began = performance.now();
  /** Reads end anywhere, also within a character. */
  readonly #decoder = new StringDecoder('utf8');
  #room = recordingBytes;

  /** A new file; an existing file is not overwritten. Errors: those of the system. */
  static begin(path: string, size: RecordingSize, title: string): Recording {
    return new Recording(path, openSync(path, 'wx', 0o600), size, title);
  }

  private constructor(path: string, fd: number, { columns, rows }: RecordingSize, title: string) {
    this.path = path;
    this.#fd = fd;
    const timestamp = Math.floor(Date.now() / 1000);
    this.#write({ version: 2, width: columns || 80, height: rows || 24, timestamp, title });
  }

  /** The file has as much as it may have. */
  get isFull(): boolean {
    return this.#room <= 0;
  }

  /** What was shown. Errors: those of the system. */
  output(bytes: Uint8Array): void {
    const text = this.#decoder.write(Buffer.from(bytes));
    if (text !== '') this.#event('o', text);
  }

  resize({ columns, rows }: RecordingSize): void {
    if (columns > 0 && rows > 0) this.#event('r', `${columns}x${rows}`);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #event(kind: 'o' | 'r', data: string): void {
    const seconds = Number(((performance.now() - this.#began) / 1000).toFixed(6));
    if (!this.isFull) this.#write([seconds, kind, data]);
  }

  #write(document: unknown): void {
    const line = Buffer.from(`${JSON.stringify(document)}\n`);
    for (let done = 0; done < line.length; ) done += writeSync(this.#fd, line, done);
    this.#room -= line.length;
  }
}
