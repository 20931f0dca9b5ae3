import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  describeReadiness,
  type GuestReadiness,
  parseLevelTimes,
  reachLevel,
} from '../../../src/monitor/guest/readiness.ts';
import type { ReadyLevel } from '../../../src/rpc/umlmonctrl.gen.ts';

const level = fc.constantFrom<ReadyLevel[]>('launched', 'kernel', 'guest', 'console');
const none: GuestReadiness = { configured: 'guest', reached: {} };

test('in whatever order levels come, the first time of each counts, and none is lost', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(level, fc.nat(100_000))), (steps) => {
      let now = none;
      const first = new Map<ReadyLevel, number>();
      for (const [each, ms] of steps) {
        if (!first.has(each)) first.set(each, ms);
        now = reachLevel(now, each, ms);
        expect(now.reached).toEqual(Object.fromEntries(first));
        expect(describeReadiness(now).ready).toBe(first.has('guest'));
      }
      const { reached } = describeReadiness(now);
      expect(reached.map(({ elapsedMs }) => elapsedMs)).toEqual([...first.values()].sort((a, b) => a - b));
    }),
  );
});

test('a level that was reached changes nothing', () => {
  const reached = reachLevel(none, 'guest', 40.4);
  expect(reached.reached).toEqual({ guest: 40 });
  expect(reachLevel(reached, 'guest', 50)).toBe(reached);
  expect(reachLevel(none, 'kernel', -3).reached).toEqual({ kernel: 0 });
});

test('a record has levels and times, or nothing', () => {
  expect(parseLevelTimes({ launched: 9, guest: 40 })).toEqual({ launched: 9, guest: 40 });
  expect(
    parseLevelTimes({ launched: -1, kernel: '3', guest: 1.5, console: null, toString: 4, x: 5 }),
  ).toEqual({});
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const time of Object.values(parseLevelTimes(value))) expect(time).toBeGreaterThanOrEqual(0);
    }),
  );
});
