import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bitmapWords, countSet, findClear, findSet, runsOf, setBits } from '../../../src/disk/cow/bitmap.ts';
import { segmentsOf } from '../../../src/disk/cow/segments.ts';

/** Bits in runs, as a disk has them. */
const bitsArbitrary = fc
  .array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 70 })), { minLength: 1, maxLength: 12 })
  .map((runs) => runs.flatMap(([bit, length]) => Array.from({ length }, () => bit)));

function bytesOf(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, index) => {
    if (bit) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7));
  });
  return bytes;
}

test('finding and counting agree with reading each bit', () => {
  fc.assert(
    fc.property(bitsArbitrary, fc.nat(800), fc.nat(800), (bits, from, length) => {
      const words = bitmapWords(bytesOf(bits));
      const start = from % bits.length;
      const end = Math.min(bits.length, start + length);
      const first = (wanted: boolean) => {
        for (let bit = start; bit < end; bit++) if (bits[bit] === wanted) return bit;
        return end;
      };
      expect(findSet(words, start, end)).toBe(first(true));
      expect(findClear(words, start, end)).toBe(first(false));
      expect(countSet(words, end)).toBe(bits.slice(0, end).filter(Boolean).length);
    }),
  );
});

test('runs hold every set bit, are apart by the gap, and start and end with a set bit', () => {
  fc.assert(
    fc.property(bitsArbitrary, fc.integer({ min: 1, max: 40 }), (bits, gap) => {
      const words = bitmapWords(bytesOf(bits));
      const runs = [...runsOf(words, 0, bits.length, gap)];
      const inRun = (bit: number) => runs.some(({ start, end }) => bit >= start && bit < end);
      bits.forEach((set, bit) => {
        if (set) expect(inRun(bit)).toBe(true);
        if (gap === 1 && !set) expect(inRun(bit)).toBe(false);
      });
      runs.forEach(({ start, end }, index) => {
        expect([bits[start], bits[end - 1]]).toEqual([true, true]);
        const next = runs[index + 1];
        if (next) expect(next.start - end).toBeGreaterThanOrEqual(gap);
      });
      const rebuilt = new Uint32Array(words.length);
      for (const { start, end } of runsOf(words, 0, bits.length)) setBits(rebuilt, start, end);
      expect(rebuilt).toEqual(words);
    }),
  );
});

test('segments cover a bitmap in order, and match it', () => {
  fc.assert(
    fc.property(bitsArbitrary, fc.integer({ min: 1, max: 6 }), (bits, most) => {
      const window = 16;
      const part = { words: bitmapWords(bytesOf(bits)), first: 1000, count: bits.length };
      let next = part.first;
      for (const { source, start, end } of segmentsOf(part, window, most)) {
        expect(start).toBe(next);
        expect((start - part.first) % window).toBe(0);
        expect(end - start).toBeLessThanOrEqual(source === 'mixed' ? window : window * most);
        const set = bits.slice(start - part.first, end - part.first);
        if (source === 'mixed') expect(new Set(set).size).toBe(2);
        else expect([...new Set(set)]).toEqual([source === 'cow']);
        next = end;
      }
      expect(next).toBe(part.first + part.count);
    }),
  );
});
