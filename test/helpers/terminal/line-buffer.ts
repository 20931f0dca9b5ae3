import { lineBufferBytes } from '../../../src/console/input/line-buffer.ts';

/** The memory of a terminal's input buffer (struct n_tty_data) that has received a text. */
export function memoryOf(text: string, { read = 0, isCanonical = false } = {}): Buffer {
  const memory = Buffer.alloc(lineBufferBytes);
  const received = Buffer.from(text, 'latin1');
  memory.writeBigUInt64LE(BigInt(received.length), 0);
  memory.writeBigUInt64LE(BigInt(received.lastIndexOf(10) + 1), 16);
  memory.writeUInt8(isCanonical ? 0x10 : 0, 93);
  for (const [at, byte] of received.entries()) memory[94 + (at % 4096)] = byte;
  memory.writeBigUInt64LE(BigInt(read), 8800);
  return memory;
}
