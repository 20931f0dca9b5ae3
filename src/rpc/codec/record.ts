import { rpcLimits } from '../../system/limits/limits.ts';
import { XdrWriter } from './xdr.ts';

/** The stream is not a sequence of records within the bounds: its framing is lost and the connection must end. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

const MARK_BYTES = 4;
const LAST_FRAGMENT = 0x80000000;

/**
 * Splits a byte stream into records (RFC 5531 section 11): push chunks, then call next() until it returns null.
 * A record within one chunk is a view of it. Any other is copied once into a new buffer of at most
 * `maxBytes`, which is allocated after the check of the mark. The caller may keep each record.
 */
export class RecordSplitter {
  #maxBytes: number;
  #chunks: Buffer[] = [];
  #offset = 0;
  readonly #mark = Buffer.alloc(MARK_BYTES);
  #markFilled = 0;
  /** Missing bytes of the current fragment; null between fragments. */
  #missing: number | null = null;
  #last = false;
  #fragments = 0;
  #record = Buffer.alloc(0);
  #recordLength = 0;

  /** @param maxBytes largest record, summed over its fragments */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Accepts larger records from now on. */
  raise(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** Adds a chunk; its bytes must not change afterwards. */
  push(chunk: Buffer): void {
    if (chunk.length > 0) this.#chunks.push(chunk);
  }

  /** The next complete record, or null if more chunks are needed. Throws RecordError. */
  next(): Buffer | null {
    for (;;) {
      const missing = this.#missing ?? this.#readMark();
      if (missing === null) return null;
      const whole = this.#viewWhole(missing);
      if (whole) return whole;
      if (!this.#fillFragment(missing)) return null;
      if (this.#last) return this.#finishRecord();
    }
  }

  /** Reads and checks the mark of a fragment. Returns the length of the fragment, or null if bytes are missing. */
  #readMark(): number | null {
    this.#markFilled += this.#copyInto(this.#mark, this.#markFilled, MARK_BYTES - this.#markFilled);
    if (this.#markFilled < MARK_BYTES) return null;
    this.#markFilled = 0;
    const mark = this.#mark.readUInt32BE();
    const length = mark % LAST_FRAGMENT;
    const total = this.#recordLength + length;
    this.#fragments++;
    if (total > this.#maxBytes) throw new RecordError(`record of ${total} bytes, at most ${this.#maxBytes}`);
    if (this.#fragments > rpcLimits.fragments)
      throw new RecordError(`record of over ${rpcLimits.fragments} fragments`);
    this.#last = mark >= LAST_FRAGMENT;
    this.#missing = length;
    return length;
  }

  /** The frequent case: a record of one fragment within one chunk. */
  #viewWhole(missing: number): Buffer | null {
    const chunk = this.#chunks[0];
    if (!this.#last || this.#recordLength > 0 || !chunk || chunk.length - this.#offset < missing) return null;
    const record = chunk.subarray(this.#offset, this.#offset + missing);
    this.#advance(chunk, missing);
    this.#finishRecord();
    return record;
  }

  /** Copies the available part of the fragment into the record; true if the fragment is complete. */
  #fillFragment(missing: number): boolean {
    const needed = this.#recordLength + missing;
    if (needed > this.#record.length) {
      const size = Math.min(this.#maxBytes, Math.max(needed, 2 * this.#record.length));
      const grown = Buffer.allocUnsafe(size);
      this.#record.copy(grown, 0, 0, this.#recordLength);
      this.#record = grown;
    }
    const copied = this.#copyInto(this.#record, this.#recordLength, missing);
    this.#recordLength += copied;
    this.#missing = copied === missing ? null : missing - copied;
    return this.#missing === null;
  }

  #finishRecord(): Buffer {
    const record = this.#record.subarray(0, this.#recordLength);
    this.#record = Buffer.alloc(0);
    this.#recordLength = 0;
    this.#fragments = 0;
    this.#missing = null;
    return record;
  }

  /** Moves up to `size` bytes from the chunks to `target`; returns their number. */
  #copyInto(target: Buffer, at: number, size: number): number {
    let copied = 0;
    for (let chunk = this.#chunks[0]; chunk && copied < size; chunk = this.#chunks[0]) {
      const count = Math.min(size - copied, chunk.length - this.#offset);
      chunk.copy(target, at + copied, this.#offset, this.#offset + count);
      this.#advance(chunk, count);
      copied += count;
    }
    return copied;
  }

  #advance(chunk: Buffer, count: number): void {
    this.#offset += count;
    if (this.#offset < chunk.length) return;
    this.#chunks.shift();
    this.#offset = 0;
  }
}

/** A writer for sealRecord(): it reserves space for the mark, so that nothing is copied again. */
export function beginRecord(): XdrWriter {
  const writer = new XdrWriter();
  writer.uint(0);
  return writer;
}

/** Writes the mark of a record of one fragment; returns the bytes to send. */
export function sealRecord(writer: XdrWriter): Buffer {
  const bytes = writer.bytes();
  bytes.writeUInt32BE(LAST_FRAGMENT + bytes.length - MARK_BYTES, 0);
  return bytes;
}
