import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ScreenInput } from '../../../src/console/screen/input.ts';

const take = (text: string | Uint8Array) => new ScreenInput().take(Buffer.from(text as string));

describe('what is out of proportion is cut', () => {
  test.each([
    ['\x1b[2147483647b', '\x1b[2147b'],
    ['\x1b[0000001049h', '\x1b[1049h'],
    ['\x1b[38;2;1;22;255m', '\x1b[38;2;1;22;255m'],
    ['\x1b[0m', '\x1b[0m'],
    ['\x1b[1;00;0H', '\x1b[1;0;0H'],
    ['123456 7890123', '123456 7890123'],
    [`e${'\u0301'.repeat(50)}x`, `e${'\u0301'.repeat(4)}x`],
  ])('%j', (given, expected) => {
    expect(take(given)).toBe(expected);
  });

  test.each(['\x1b]0;', '\x1bP', '\x1b_', '\x1b^', '\x1bX', '\u009d0;', '\u0090'])(
    'a string that starts with %j, with any end',
    (begin) => {
      const text = take(`${begin}${'a'.repeat(100_000)}\x1b\\after`);
      expect(text.length).toBeLessThan(400);
      expect(text).toMatch(/^[^a]+a+\x1b\\after$/);
    },
  );
});

test('whole text goes through unchanged, however it is cut up', () => {
  const pieces = fc.constantFrom(
    'a',
    'ö',
    '€',
    '😀',
    '\r\n',
    '\x1b[1;31m',
    '\x1b(0',
    '\x1b]0;t\x07',
    '\x1b[H',
  );
  const text = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 5 })), (whole, lengths) => {
      const input = new ScreenInput();
      const bytes = Buffer.from(whole);
      let given = '';
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const length = lengths[i % (lengths.length || 1)] ?? 3;
        given += input.take(bytes.subarray(at, at + length));
        at += length;
        const taken = Math.min(at, bytes.length) - input.heldBytes;
        expect(bytes.subarray(0, taken).toString()).toBe(given);
      }
      expect(given).toBe(whole);
      expect(input.heldBytes).toBe(0);
    }),
  );
});

test('an incomplete sequence or character is held back, and counted', () => {
  for (const begun of [
    '\x1b',
    '\x1b[',
    '\x1b[1;3',
    '\x1b]0;title',
    '\x1bP1',
    '\x1b(',
    '\xe2\x82',
    '\xf0\x9f',
    '\xc2',
  ]) {
    const input = new ScreenInput();
    const bytes = Buffer.from(begun, 'latin1');
    expect(input.take(Buffer.concat([Buffer.from('ab'), bytes]))).toBe('ab');
    expect(input.heldBytes).toBe(bytes.length);
  }
});

test('what never ends is given up', () => {
  const input = new ScreenInput();
  for (let i = 0; i < 100; i++) input.take(Buffer.from(`\x1b[${'\x07'.repeat(1000)}`));
  expect(input.heldBytes).toBeLessThan(3000);
});
