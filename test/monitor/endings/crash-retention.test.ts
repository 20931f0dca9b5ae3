import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Bundle,
  bundleName,
  isBundleFile,
  isBundleName,
  seriesOf,
  surplus,
} from '../../../src/monitor/endings/crash-retention.ts';

const gap = 600_000;

function bundle(endedAt: number, newest?: Bundle, bytes = 10): Bundle {
  const name = bundleName(endedAt, []);
  return {
    name,
    endedAt,
    sequence: 0,
    series: seriesOf(name, endedAt, newest, gap),
    cause: 'crash',
    panic: '',
    files: [{ path: 'exit.json', bytes }],
  };
}

/** Crashes at these times (ms), each kept or removed as it happens; the times of what stays. */
function live(times: readonly number[], count: number, bytes = 1e9): number[] {
  let kept: Bundle[] = [];
  for (const time of times) {
    kept.push(bundle(time, kept.at(-1)));
    const gone = surplus(kept, { count, bytes });
    kept = kept.filter((one) => !gone.includes(one));
  }
  return kept.map(({ endedAt }) => endedAt);
}

const days = (...numbers: number[]) => numbers.map((day) => day * 86_400_000);
const loop = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i * 2000);

test('names contain the second, sort by time and do not collide', () => {
  const time = Date.UTC(2026, 10, 21, 12, 34, 56, 789);
  const taken: string[] = [];
  for (let i = 0; i < 3; i++) taken.push(bundleName(time, taken));
  expect(taken).toEqual(['2026-11-21T12-34-56Z', '2026-11-21T12-34-56Z-2', '2026-11-21T12-34-56Z-3']);
  expect(taken.every(isBundleName)).toBe(true);
  // The second one was removed meanwhile: its name would sort before the third.
  expect(bundleName(time, taken.toSpliced(1, 1))).toBe('2026-11-21T12-34-56Z-4');
});

test.each([
  '',
  '.',
  '..',
  '.draft',
  '2026-11-21T12-34-56Z/..',
  '../2026-11-21T12-34-56Z',
  '2026-11-21T12-34-56Z\n',
])('%j is not the name of a bundle', (name) => expect(isBundleName(name)).toBe(false));

test.each([
  '',
  '..',
  '../exit.json',
  'console/../exit.json',
  '/etc/passwd',
  'console',
  'console/con0/x',
  'a.json\0',
])('%j is not a file of a bundle', (path) => expect(isBundleFile(path)).toBe(false));

test('crashes far apart: the oldest bundle is removed first', () => {
  expect(live(days(1, 2, 3, 4, 5, 6), 5)).toEqual(days(2, 3, 4, 5, 6));
});

test('a crash loop keeps its first bundle and the newest ones', () => {
  const start = 86_400_000 * 10;
  const times = loop(start, 1000);
  expect(live([...days(1, 2), ...times], 5)).toEqual([start, ...times.slice(-4)]);
});

test('after a crash loop its first bundle stays until the others of the loop are removed', () => {
  const start = 86_400_000 * 10;
  const times = loop(start, 100);
  expect(live([...times, ...days(20, 21, 22)], 5)).toEqual([start, ...times.slice(-1), ...days(20, 21, 22)]);
  expect(live([...times, ...days(20, 21, 22, 23, 24)], 5)).toEqual(days(20, 21, 22, 23, 24));
});

test('in all cases the bounds hold and the newest bundle stays', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1000, max: 2_000_000 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 10, max: 100 }),
      (steps, count, bytes) => {
        let now = 0;
        const times = steps.map((step) => {
          now += step;
          return now;
        });
        const kept = live(times, count, bytes);
        expect(kept.length).toBeLessThanOrEqual(Math.min(count, Math.floor(bytes / 10)));
        expect(kept.at(-1)).toBe(now);
      },
    ),
  );
});
