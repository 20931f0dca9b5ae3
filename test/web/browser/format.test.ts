import { describe, expect, test } from 'vitest';
import { bytesText, plainText, spanText } from '../../../src/web/browser/format.ts';

describe('output of a guest as text', () => {
  test.each([
    ['\x1b[31mred\x1b[0m', 'red'],
    ['\x1b]0;title\x07text\x1b(B', 'text'],
    ['one\r\ntwo\r\r\n', 'one\ntwo\n'],
    ['10%\r50%\r100%\n', '100%\n'],
    ['a\x00b\x07c\x08\x7f', 'abc'],
    ['\r', ''],
    ['tab\there', 'tab\there'],
  ])('%j is %j', (text, plain) => {
    expect(plainText(text)).toBe(plain);
  });

  // What takes the square of its length would take hours.
  test.each(['\r', 'a', '\x1b', '\x1b[', '\x1b]', '\x1b[1;', '\x1bP', ' \r'])('a megabyte of %j', (piece) => {
    const text = piece.repeat(1_000_000);
    expect(plainText(text).length).toBeLessThanOrEqual(text.length);
  });
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1536, '1.5 KiB'],
  [1000, '1.0 KiB'],
  [64 * 1024 ** 2, '64 MiB'],
  [5 * 1024 ** 4, '5.0 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each([
  [0, '0 s'],
  [59_400, '59 s'],
  [60_000, '1 min'],
  [3_600_000, '1 h 0 min'],
  [90_000_000, '1 d 1 h'],
])('%d ms are %s', (ms, text) => {
  expect(spanText(ms)).toBe(text);
});
