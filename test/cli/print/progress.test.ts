import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  advance,
  barText,
  estimate,
  isLineDue,
  progressLine,
  type Sample,
  type Track,
} from '../../../src/cli/print/progress.ts';

const MiB = 2 ** 20;
const track = (...samples: Sample[]): Track =>
  samples.reduce<Track>((known, sample) => advance(known, sample), []);
/** One sample a second at a constant speed. */
const steady = (seconds: number, perSecond: number, total: number) =>
  track(...Array.from({ length: seconds + 1 }, (_, at) => ({ at: at * 1000, done: at * perSecond, total })));

describe('the estimate', () => {
  test('of a constant speed', () => {
    expect(estimate(steady(4, 100 * MiB, 1000 * MiB))).toEqual({
      done: 400 * MiB,
      total: 1000 * MiB,
      percent: 40,
      bytesPerSecond: 100 * MiB,
      secondsLeft: 6,
      secondsGone: 4,
    });
  });

  test('follows a change of speed after some seconds', () => {
    const fast = steady(10, 1000, 1e6);
    const slow = Array.from({ length: 6 }, (_, n) => ({
      at: 11_000 + n * 1000,
      done: 10_010 + n * 10,
      total: 1e6,
    }));
    expect(estimate([...slow].reduce<Track>((known, one) => advance(known, one), fast)).bytesPerSecond).toBe(
      10,
    );
  });

  test('has no rate at first, and no remaining time without progress or without a known total', () => {
    const total = 100;
    expect(estimate([])).toMatchObject({ percent: undefined, bytesPerSecond: undefined });
    expect(estimate(track({ at: 0, done: 0, total }))).toMatchObject({
      percent: 0,
      bytesPerSecond: undefined,
    });
    expect(estimate(track({ at: 0, done: 5, total }, { at: 1000, done: 5, total }))).toMatchObject({
      bytesPerSecond: 0,
      secondsLeft: undefined,
    });
    expect(estimate(track({ at: 0, done: 5, total: 0 }, { at: 1000, done: 9, total: 0 }))).toMatchObject({
      percent: undefined,
      secondsLeft: undefined,
    });
  });

  test('keeps few samples, however many come', () => {
    let known: Track = [];
    for (let at = 0; at < 100_000; at += 100) known = advance(known, { at, done: at, total: 1e9 });
    expect(known.length).toBeLessThan(60);
    expect(estimate(known).secondsGone).toBeCloseTo(99.9);
  });
});

describe('a line', () => {
  const at = (ms: number, done: number): Sample => ({ at: ms, done, total: 100 });

  test.each([
    ['too soon', undefined, at(400, 50), false],
    ['the first tenth', undefined, at(600, 10), true],
    ['not yet', undefined, at(600, 9), false],
    ['another tenth', at(1000, 19), at(2000, 20), true],
    ['in the same tenth', at(1000, 11), at(2000, 19), false],
    ['tenths that follow each other too fast', at(1000, 10), at(1200, 90), false],
    ['after some seconds, also without progress', at(1000, 11), at(6000, 11), true],
    ['without a total', { at: 1000, done: 1, total: 0 }, { at: 3000, done: 99, total: 0 }, false],
    ['without a total, after some seconds', undefined, { at: 5000, done: 99, total: 0 }, true],
  ])('%s', (_, last, now, due) => {
    expect(isLineDue(at(0, 0), last, now)).toBe(due);
  });

  test('has all figures', () => {
    expect(progressLine('copy', estimate(steady(4, 100 * MiB, 1000 * MiB)))).toBe(
      'copy: 40 %, 400 MiB of 1000 MiB, 100 MiB/s, 6 s left',
    );
    expect(progressLine('copy', estimate(steady(5, 2 * MiB, 10 * MiB)))).toMatch(/100 %.*, syncing$/);
    expect(progressLine('check', estimate(steady(3, 0, 0)))).toBe('check: 3 s');
  });
});

describe('the bar', () => {
  const known = estimate(steady(4, 100 * MiB, 1000 * MiB));

  test.each([
    [
      120,
      'copy  [################........................]   40 %   400 MiB of 1000 MiB    100 MiB/s    6 s left',
    ],
    [75, 'copy  [#####........]   40 %   400 MiB of 1000 MiB    100 MiB/s    6 s left'],
    [60, 'copy  [########............]   40 %    100 MiB/s    6 s left'],
    [40, 'copy  [#####........]   40 %    6 s left'],
    [28, 'copy  [#####........]   40 %'],
    [20, '[####.......]   40 %'],
    [12, '40 %'],
    [3, '40 '],
    [0, ''],
  ])('%d columns', (width, text) => {
    expect(barText('copy', known, width)).toBe(text);
  });

  test('never is wider than the terminal, and only grows', () => {
    const number = fc.integer({ min: 0, max: 2 ** 45 });
    fc.assert(
      fc.property(
        fc.string({ maxLength: 20 }),
        number,
        number,
        fc.integer({ min: 0, max: 300 }),
        (label, a, b, width) => {
          const [done = 0, total = 0] = [a, b].sort((x, y) => x - y);
          const text = barText(
            label,
            estimate(track({ at: 0, done: 0, total }, { at: 3000, done, total })),
            width,
          );
          expect(text.length).toBeLessThanOrEqual(width);
        },
      ),
    );
    const cells = (percent: number) =>
      barText('copy', estimate(track({ at: 0, done: percent, total: 100 })), 80).split('#').length;
    for (let percent = 1; percent <= 100; percent++)
      expect(cells(percent)).toBeGreaterThanOrEqual(cells(percent - 1));
  });
});
