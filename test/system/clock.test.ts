import { expect, test } from 'vitest';
import { msSince, parseMoment, spanMs, thisMoment, wallMoment } from '../../src/system/clock.ts';

const at = (wall: number, uptime: number, boot = 'b') => ({ wall, uptime, boot });

test('within a boot the wall clock does not count; across boots only the wall clock counts', () => {
  expect(spanMs(at(9_000_000, 10), at(1_000, 30))).toBe(20);
  expect(spanMs(at(1_000, 10, 'b'), at(4_000, 5, 'c'))).toBe(3_000);
  expect(spanMs(wallMoment(4_000), wallMoment(1_000))).toBe(-3_000);
  expect(msSince({ ...thisMoment(), wall: 0 })).toBeLessThan(1_000);
  expect(msSince(wallMoment(Date.now() + 7_200_000))).toBe(0);
});

test.each([
  undefined,
  null,
  'x',
  {},
  { wall: 1 },
  { wall: -1, uptime: 1, boot: '' },
  { wall: 1, uptime: 0.5, boot: '' },
  { wall: 1, uptime: 1, boot: 'x'.repeat(65) },
])('%j is an invalid moment', (value) => {
  expect(parseMoment(value)).toBeUndefined();
});

test('a moment is unchanged after it was written and read', () => {
  const moment = thisMoment();
  expect(parseMoment(JSON.parse(JSON.stringify(moment)))).toEqual(moment);
});
