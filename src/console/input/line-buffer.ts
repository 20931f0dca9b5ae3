/** What the kernel of a guest has received at a terminal and no process has read yet. */

import { consoleLimits } from '../../system/limits/limits.ts';

/**
 * Where the fields of `struct n_tty_data` are (drivers/tty/n_tty.c; the same in Linux 3.12 to 7.3, 64 bit). The kernel
 * allocates it with vzalloc(), so it starts at a page.
 */
const place = { head: 0, canonical: 16, noRoom: 92, flags: 93, content: 94, tail: 8800 } as const;
/** N_TTY_BUF_SIZE of n_tty.c. */
const size = 4096;
/** The bit `icanon`. */
const canonicalMode = 0x10;

/** Bytes from the start of the structure to the last field that is used here. */
export const lineBufferBytes = place.tail + 8;

/** The input buffer of a terminal, at one moment. */
export interface LineBuffer {
  /** Bytes received since the terminal was opened, or its input was flushed; erased characters do not count. */
  readonly head: number;
  /** Where the next byte is read. */
  readonly tail: number;
  /** Bytes that no process has read. */
  readonly unread: number;
  /** Nothing can be read yet: the terminal is in canonical mode, and the line has no end. */
  readonly isOpenLine: boolean;
  /** Whether the newest byte in it is not zero: other memory is often empty there. */
  readonly hasContent: boolean;
  /** Whether these bytes, at most probeBytes of them, were received last. */
  endsWith(bytes: Uint8Array): boolean;
}

/**
 * Reads the structure at the start of `memory`, which has lineBufferBytes. The memory is that of a guest, which may hold
 * anything and change during the copy: undefined if it cannot be such a structure. The result keeps nothing of `memory`.
 */
export function readLineBuffer(memory: Buffer): LineBuffer | undefined {
  const number = (at: number) => {
    const high = memory.readUInt32LE(at + 4);
    return high > 0xffff ? Number.NaN : high * 2 ** 32 + memory.readUInt32LE(at);
  };
  const [head, tail] = [number(place.head), number(place.tail)];
  // Received meanwhile: a guest runs during the copy.
  const isPossible = head - tail <= size && tail - head <= size && memory.readUInt8(place.noRoom) <= 1;
  if (!isPossible) return undefined;
  const isCanonical = (memory.readUInt8(place.flags) & canonicalMode) !== 0;
  return {
    head,
    tail,
    unread: Math.max(0, head - tail),
    hasContent: head > 0 && memory.readUInt8(place.content + ((head - 1) % size)) !== 0,
    isOpenLine: isCanonical && number(place.canonical) === tail,
    endsWith: comparing(lastBytes(memory, head)),
  };
}

/** A copy of the bytes received last. */
function lastBytes(memory: Buffer, head: number): Buffer {
  // Not from the pool, whose pieces keep each other alive.
  const last = Buffer.alloc(Math.min(consoleLimits.probeBytes, head));
  for (let i = 0; i < last.length; i++)
    last[i] = memory.readUInt8(place.content + ((head - last.length + i) % size));
  return last;
}

/** A function of its own: a closure in readLineBuffer() would keep the memory that was read. */
function comparing(last: Buffer): LineBuffer['endsWith'] {
  return (bytes) => variants(bytes).some((variant) => variant.length > 0 && isEnd(last, variant));
}

function isEnd(received: Buffer, bytes: Uint8Array): boolean {
  return received.length >= bytes.length && received.subarray(received.length - bytes.length).equals(bytes);
}

const CR = 13;
const NL = 10;

/** What a terminal makes of input: nothing in raw mode; else it translates line ends, and acts on control characters. */
function variants(bytes: Uint8Array): Uint8Array[] {
  const text = bytes.subarray(1 + bytes.findLastIndex(isControl));
  return [bytes, text, text.map((byte) => (byte === CR ? NL : byte)), text.filter((byte) => byte !== CR)];
}

/** Characters that a terminal may act on instead of keeping them. */
export function isControl(byte: number): boolean {
  return (byte < 32 && byte !== 9 && byte !== NL && byte !== CR) || byte === 127;
}
