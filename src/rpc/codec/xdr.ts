import { isUtf8 } from 'node:buffer';

/** Bytes are not valid XDR of the expected type, or a value exceeds its type. */
export class XdrError extends Error {
  override readonly name = 'XdrError';
}

/** Encoder and decoder of one type. Method syntax makes a Codec<VmInfo> assignable to a Codec<unknown>. */
export interface Codec<T> {
  encode(writer: XdrWriter, value: T): void;
  decode(reader: XdrReader): T;
}

const WORD = 2 ** 32;

/** Zero bytes after `length` bytes up to the next multiple of four. It avoids 32-bit arithmetic, which wraps near 2^32. */
export function paddingOf(length: number): number {
  return (4 - (length % 4)) % 4;
}

/** Writes XDR (RFC 4506) into one buffer that grows by doubling. Values out of range throw XdrError. */
export class XdrWriter {
  #buffer: Buffer;
  #length = 0;

  /** @param capacity expected size in bytes */
  constructor(capacity = 512) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The written bytes, as a view: write nothing afterwards. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  int(value: number): void {
    if ((value | 0) !== value) throw new XdrError(`${value} is not an int`);
    const at = this.#take(4);
    this.#buffer.writeInt32BE(value, at);
  }

  uint(value: number): void {
    if (value >>> 0 !== value) throw new XdrError(`${value} is not an unsigned int`);
    const at = this.#take(4);
    this.#buffer.writeUInt32BE(value, at);
  }

  hyper(value: number): void {
    if (!Number.isSafeInteger(value)) throw new XdrError(`${value} is not a hyper within 2^53 - 1`);
    const at = this.#take(8);
    this.#buffer.writeInt32BE(Math.floor(value / WORD), at);
    this.#buffer.writeUInt32BE(value >>> 0, at + 4);
  }

  uhyper(value: number): void {
    if (value < 0) throw new XdrError(`${value} is not an unsigned hyper`);
    this.hyper(value);
  }

  bool(value: boolean): void {
    this.uint(value ? 1 : 0);
  }

  /** @param max bound in bytes of UTF-8 */
  string(value: string, max: number): void {
    const length = Buffer.byteLength(value);
    this.#checkLength('string', length, max);
    this.uint(length);
    const at = this.#takePadded(length);
    this.#buffer.write(value, at, length, 'utf8');
  }

  opaque(value: Uint8Array, max: number): void {
    this.#checkLength('opaque', value.length, max);
    this.uint(value.length);
    this.fixedOpaque(value, value.length);
  }

  fixedOpaque(value: Uint8Array, length: number): void {
    if (value.length !== length) throw new XdrError(`opaque of ${value.length} bytes, not ${length}`);
    const at = this.#takePadded(length);
    this.#buffer.set(value, at);
  }

  array<T>(items: readonly T[], max: number, codec: Codec<T>): void {
    this.#checkLength('array', items.length, max);
    this.uint(items.length);
    for (const item of items) codec.encode(this, item);
  }

  fixedArray<T>(items: readonly T[], length: number, codec: Codec<T>): void {
    if (items.length !== length) throw new XdrError(`array of ${items.length} elements, not ${length}`);
    for (const item of items) codec.encode(this, item);
  }

  optional<T>(value: T | null, codec: Codec<T>): void {
    this.bool(value !== null);
    if (value !== null) codec.encode(this, value);
  }

  #checkLength(what: string, length: number, max: number): void {
    if (length > max) throw new XdrError(`${what} of length ${length}, at most ${max} allowed`);
  }

  #takePadded(length: number): number {
    const padding = paddingOf(length);
    const at = this.#take(length + padding);
    this.#buffer.fill(0, at + length, at + length + padding);
    return at;
  }

  /** Reserves `size` bytes and returns their offset. It may replace the buffer, so read that only afterwards. */
  #take(size: number): number {
    const at = this.#length;
    const needed = at + size;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(grown, 0, 0, at);
      this.#buffer = grown;
    }
    this.#length = needed;
    return at;
  }
}

/**
 * Reads XDR (RFC 4506) strictly. Each length is checked against its bound and the remaining bytes before memory is
 * allocated. A bool is 0 or 1, padding is zero, strings are UTF-8. Anything else throws XdrError.
 */
export class XdrReader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get left(): number {
    return this.#buffer.length - this.#offset;
  }

  /** Throws XdrError unless all bytes are read. */
  finish(): void {
    if (this.left > 0) throw new XdrError(`${this.left} bytes too many`);
  }

  int(): number {
    return this.#buffer.readInt32BE(this.#take(4));
  }

  uint(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  hyper(): number {
    const at = this.#take(8);
    return this.#safe(this.#buffer.readInt32BE(at) * WORD + this.#buffer.readUInt32BE(at + 4));
  }

  uhyper(): number {
    const at = this.#take(8);
    return this.#safe(this.#buffer.readUInt32BE(at) * WORD + this.#buffer.readUInt32BE(at + 4));
  }

  bool(): boolean {
    const value = this.uint();
    if (value > 1) throw new XdrError(`${value} is not a bool`);
    return value === 1;
  }

  string(max: number): string {
    const bytes = this.#variable('string', max);
    if (!isUtf8(bytes)) throw new XdrError('a string is not UTF-8');
    return bytes.toString('utf8');
  }

  /** A view of the input, which keeps the record in memory; the caller may copy it. */
  opaque(max: number): Buffer {
    return this.#variable('opaque', max);
  }

  fixedOpaque(length: number): Buffer {
    const at = this.#take(length);
    const padding = this.#take(paddingOf(length));
    for (let i = padding; i < this.#offset; i++)
      if (this.#buffer[i] !== 0) throw new XdrError('padding is not zero');
    return this.#buffer.subarray(at, padding);
  }

  /** @param minBytes smallest size of one element, so that an impossible count allocates no memory */
  array<T>(max: number, minBytes: number, codec: Codec<T>): T[] {
    const count = this.uint();
    this.#checkLength('array', count, max);
    if (count * minBytes > this.left) throw new XdrError(`array of ${count} elements in ${this.left} bytes`);
    return this.fixedArray(count, codec);
  }

  fixedArray<T>(length: number, codec: Codec<T>): T[] {
    const items: T[] = [];
    for (let i = 0; i < length; i++) items.push(codec.decode(this));
    return items;
  }

  optional<T>(codec: Codec<T>): T | null {
    return this.bool() ? codec.decode(this) : null;
  }

  #variable(what: string, max: number): Buffer {
    const length = this.uint();
    this.#checkLength(what, length, max);
    return this.fixedOpaque(length);
  }

  #checkLength(what: string, length: number, max: number): void {
    if (length > max) throw new XdrError(`${what} of length ${length}, at most ${max} allowed`);
  }

  #safe(value: number): number {
    if (!Number.isSafeInteger(value)) throw new XdrError('a hyper is beyond 2^53 - 1');
    return value;
  }

  #take(size: number): number {
    const at = this.#offset;
    if (size > this.#buffer.length - at) throw new XdrError(`${size} bytes expected, ${this.left} left`);
    this.#offset = at + size;
    return at;
  }
}

export const voidCodec: Codec<void> = { encode: () => undefined, decode: () => undefined };
export const intCodec: Codec<number> = { encode: (w, v) => w.int(v), decode: (r) => r.int() };
export const uintCodec: Codec<number> = { encode: (w, v) => w.uint(v), decode: (r) => r.uint() };
export const hyperCodec: Codec<number> = { encode: (w, v) => w.hyper(v), decode: (r) => r.hyper() };
export const uhyperCodec: Codec<number> = { encode: (w, v) => w.uhyper(v), decode: (r) => r.uhyper() };
export const boolCodec: Codec<boolean> = { encode: (w, v) => w.bool(v), decode: (r) => r.bool() };
