/** Pure. */
import { consoleLimits } from '../system/limits/limits.ts';

/** A piece of a stream: `data` starts at byte `offset` of the stream. */
export interface Piece {
  readonly offset: number;
  readonly data: Uint8Array;
}

const nothing = new Uint8Array(0);

/**
 * The newest bytes of a stream, addressed by their offset from its start. Holds no memory before the first
 * byte, and never more than its capacity.
 */
export class Ring {
  readonly capacity: number;
  #bytes: Uint8Array = nothing;
  #next: number;
  #count = 0;

  /** @param first offset of the first byte that will be appended */
  constructor(capacity: number = consoleLimits.ringBytes, first = 0) {
    this.capacity = capacity;
    this.#next = first;
  }

  /** Offset of the oldest byte still held. */
  get oldest(): number {
    return this.#next - this.#count;
  }

  /** Offset of the next byte to come. */
  get next(): number {
    return this.#next;
  }

  append(bytes: Uint8Array): void {
    this.#grow(this.#count + bytes.length);
    const size = this.#bytes.length;
    const kept = bytes.subarray(Math.max(0, bytes.length - size));
    const at = (this.#next + bytes.length - kept.length) % (size || 1);
    const first = kept.subarray(0, size - at);
    this.#bytes.set(first, at);
    this.#bytes.set(kept.subarray(first.length));
    this.#next += bytes.length;
    this.#count = Math.min(size, this.#count + bytes.length);
  }

  /**
   * At most `max` bytes from `offset` on, or from the oldest byte if that is lost. The data is a view without a
   * copy where it does not wrap around: use or copy it before the next `append`.
   */
  read(offset: number, max: number): Piece {
    const from = Math.min(Math.max(offset, this.oldest), this.#next);
    const length = Math.max(0, Math.min(max, this.#next - from));
    const size = this.#bytes.length;
    if (length === 0) return { offset: from, data: nothing };
    const at = from % size;
    const first = this.#bytes.subarray(at, at + length);
    if (first.length === length) return { offset: from, data: first };
    const data = new Uint8Array(length);
    data.set(first);
    data.set(this.#bytes.subarray(0, length - first.length), first.length);
    return { offset: from, data };
  }

  /** Makes room for `wanted` bytes, as far as the capacity allows. */
  #grow(wanted: number): void {
    const now = this.#bytes.length;
    if (wanted <= now || now === this.capacity) return;
    let size = Math.max(now, consoleLimits.ringFirstBytes);
    while (size < wanted) size *= 2;
    size = Math.min(size, this.capacity);
    const larger = new Uint8Array(size);
    const held = this.read(this.oldest, this.#count);
    const at = held.offset % size;
    const first = held.data.subarray(0, size - at);
    larger.set(first, at);
    larger.set(held.data.subarray(first.length));
    this.#bytes = larger;
  }
}
