import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clipText } from '../../src/rpc/clip-text.ts';

test('the result fits, is a prefix of the text, and is never cut needlessly', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 3, max: 40 }), (text, max) => {
      const clipped = clipText(text, max);
      const size = Buffer.byteLength(clipped);
      expect(size).toBeLessThanOrEqual(max);
      if (Buffer.byteLength(text) <= max) expect(clipped).toBe(text);
      else {
        expect(clipped.endsWith('…')).toBe(true);
        expect(text.startsWith(clipped.slice(0, -1))).toBe(true);
        expect(size).toBeGreaterThan(max - 4);
      }
    }),
  );
});

test('a bound below the mark leaves nothing', () => {
  expect(clipText('abc', 2)).toBe('');
});
