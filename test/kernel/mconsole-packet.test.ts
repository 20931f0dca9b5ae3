import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DATA_MAX,
  decodeNotification,
  decodeReply,
  encodeRequest,
} from '../../src/kernel/mconsole-packet.ts';

const words = (...numbers: number[]) => {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [i, number] of numbers.entries()) bytes.writeUInt32LE(number >>> 0, 4 * i);
  return bytes;
};

describe('requests', () => {
  test('have the bytes that the kernel expects', () => {
    expect(encodeRequest('stop')).toEqual(Buffer.from('bebafeca020000000400000073746f70', 'hex'));
  });

  test('that the kernel would not understand are not sent', () => {
    expect(encodeRequest('versionfoo')).toBe("the kernel has no command 'versionfoo'");
    expect(encodeRequest('')).toMatch(/no command/);
    expect(encodeRequest('log a\0b')).toMatch(/NUL/);
    expect(encodeRequest('config ubd1=/disks/à.dsk')).toBe('it contains "à" (U+00E0)');
    expect(encodeRequest('config vec0:transport=bess,dst=/x\u00a0y')).toMatch(/U\+00A0/);
    expect(encodeRequest('config ubd1=/x\n')).toBeInstanceOf(Buffer);
    expect(encodeRequest('config ubd1=/x\ny')).toBe('a command is one line');
    expect(encodeRequest(`log ${'x'.repeat(507)}`)).toBeInstanceOf(Buffer);
    expect(encodeRequest(`log ${'x'.repeat(508)}`)).toBe('the command has 512 bytes, more than 511');
    expect(encodeRequest(`log ${'ä'.repeat(254)}`)).toMatch(/512 bytes/);
  });
});

describe('replies', () => {
  test('have a signed error number, a text without its NUL, and perhaps a next packet', () => {
    const data = Buffer.from('text\0');
    expect(decodeReply(Buffer.concat([words(-2, 1, 5), data]))).toEqual({
      error: -2,
      more: true,
      data: Buffer.from('text'),
    });
    expect(decodeReply(words(0, 0, 0))).toEqual({ error: 0, more: false, data: Buffer.alloc(0) });
  });

  test("of Debian's uml_watchdog, as recorded, are hangs", () => {
    const recorded = Buffer.from('bebafeca00000000020000000200000000000000ff7f0000', 'hex');
    expect(decodeNotification(recorded)).toEqual({ type: 'hang', data: Buffer.alloc(0) });
    expect(decodeNotification(recorded.subarray(0, 23))).toBeUndefined();
  });

  test('of another form are refused', () => {
    for (const bytes of [words(0, 0), words(0, 0, 1), words(0, 2, 0), words(0, 0, 0, 0), words(0, 0, -1)])
      expect(decodeReply(bytes)).toBeUndefined();
    expect(
      decodeReply(Buffer.concat([words(0, 0, DATA_MAX + 1), Buffer.alloc(DATA_MAX + 1)])),
    ).toBeUndefined();
  });
});

describe('notifications', () => {
  const magic = 0xcafebabe;
  test('have a type and a text', () => {
    for (const [number, type] of ['socket', 'panic', 'hang', 'user'].entries()) {
      const packet = Buffer.concat([words(magic, 2, number, 3), Buffer.from('hi\0')]);
      expect(decodeNotification(packet)).toEqual({ type, data: Buffer.from('hi') });
    }
  });

  test('of another form are refused', () => {
    const bad = [
      words(magic, 2, 0),
      words(magic + 1, 2, 0, 0),
      words(magic, 1, 0, 0),
      words(magic, 2, 4, 0),
      words(magic, 2, -1, 0),
    ];
    for (const bytes of [...bad, words(magic, 2, 3, 1), words(magic, 2, 3, 0, 0)])
      expect(decodeNotification(bytes)).toBeUndefined();
  });
});

test('no bytes make a decoder fail, or give more text than there is', () => {
  const near = fc
    .tuple(fc.constantFrom(words(), words(0xcafebabe, 2)), fc.uint8Array({ maxLength: 40 }))
    .map(Buffer.concat);
  fc.assert(
    fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 600 }).map(Buffer.from)), (bytes) => {
      for (const decoded of [decodeReply(bytes), decodeNotification(bytes)])
        expect(decoded?.data.length ?? 0).toBeLessThanOrEqual(Math.max(0, bytes.length - 12));
    }),
    { numRuns: 1000 },
  );
});
