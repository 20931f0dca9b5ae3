import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable } from '../../src/system/text.ts';

test('visible text stays as it is', () => {
  expect(printable('Grüße, 世界 😀!', 100)).toBe('Grüße, 世界 😀!');
});

test('a character that a terminal would act on becomes an escape', () => {
  expect(printable('\x1b]0;owned\x07a\u009bb\r\n\u202egnp\u2028', 100)).toBe(
    '\\x1b]0;owned\\x07a\\x9bb\\r\\n\\u{202e}gnp\\u{2028}',
  );
});

const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

test('no invisible character is left, and the length is unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 60 }), (text, max) => {
      const shown = printable(text, max);
      expect(shown.length).toBeLessThanOrEqual(max);
      expect(unsafe.test(shown)).toBe(false);
    }),
  );
});
