import { expect, test } from 'vitest';
import { parseHangCheck, parseRestartLimit } from '../../../src/config/values/policy-values.ts';

test.each([
  ['5 in 10m', { deaths: 5, windowMs: 600_000 }],
  ['1\tin  1s', { deaths: 1, windowMs: 1_000 }],
  ['100 in 24h', { deaths: 100, windowMs: 86_400_000 }],
  ['off', null],
])('restart_limit = %s', (text, value) => {
  expect(parseRestartLimit(text)).toEqual({ value });
});

test.each([
  ['', 'as in 5 in 10m, or off'],
  ['5', 'as in 5 in 10m, or off'],
  ['5 per 10m', 'as in 5 in 10m, or off'],
  ['5 in 10', 'write 10s for seconds'],
  ['5 in 25h', 'at most 24h'],
])('restart_limit = %s is refused with a hint', (text, hint) => {
  expect(parseRestartLimit(text)).toMatchObject({ code: 'CONFIG_BAD_VALUE', hint });
});

test('restart_limit allows 1 to 100 unexpected exits', () => {
  for (const text of ['0 in 1m', '101 in 1m'])
    expect(parseRestartLimit(text)).toMatchObject({ cause: expect.stringContaining('from 1 to 100') });
});

test('hang_check is a duration or off', () => {
  expect(parseHangCheck('10s')).toEqual({ value: 10_000 });
  expect(parseHangCheck('off')).toEqual({ value: 0 });
  expect(parseHangCheck('100ms')).toMatchObject({ hint: 'at least 1s' });
  expect(parseHangCheck('2h')).toMatchObject({ hint: 'at most 1h' });
});
