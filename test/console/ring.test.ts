import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ring } from '../../src/console/ring.ts';

const step = fc.oneof(
  fc.record({ append: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ offset: fc.integer({ min: -50, max: 3000 }), max: fc.integer({ min: -5, max: 400 }) }),
);

test('is the tail of the whole stream, whatever is appended and read', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.nat({ max: 500 }),
      fc.array(step),
      (capacity, first, steps) => {
        const ring = new Ring(capacity, first);
        let stream = Buffer.alloc(0);
        for (const one of steps) {
          if ('append' in one) {
            ring.append(one.append);
            stream = Buffer.concat([stream, one.append]);
          } else {
            const end = first + stream.length;
            const oldest = Math.max(first, end - capacity);
            const from = Math.min(Math.max(one.offset, oldest), end);
            const { offset, data } = ring.read(one.offset, one.max);
            expect(offset).toBe(from);
            expect(Buffer.from(data)).toEqual(
              stream.subarray(from - first, from - first + Math.max(0, one.max)),
            );
          }
          expect(ring.next).toBe(first + stream.length);
          expect(ring.oldest).toBe(Math.max(first, ring.next - capacity));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('grows without losing a byte', () => {
  const ring = new Ring(64 * 1024, 12_345);
  const stream = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919) >> 3));
  for (let at = 0; at < stream.length; at += 777) {
    ring.append(stream.subarray(at, at + 777));
    const held = ring.read(0, 1_000_000);
    const end = Math.min(stream.length, at + 777);
    expect(held.data.length).toBe(Math.min(end, 64 * 1024));
    expect(Buffer.compare(held.data, stream.subarray(held.offset - 12_345, end))).toBe(0);
  }
});

test('a piece that does not wrap is a view, not a copy', () => {
  const ring = new Ring(8);
  ring.append(Buffer.from('abcd'));
  expect(ring.read(0, 2).data.buffer).toBe(ring.read(2, 2).data.buffer);
});
