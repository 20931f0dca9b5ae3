import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type GuestValues,
  parseGuestValue,
  withGuestValue,
} from '../../../src/monitor/guest/guest-values.ts';
import { monitorLimits } from '../../../src/system/limits/limits.ts';

test('key=value is distinguished from free text', () => {
  expect(parseGuestValue('ip=10.0.0.2')).toEqual({ key: 'ip', value: '10.0.0.2' });
  expect(parseGuestValue('stage.2=a = b')).toEqual({ key: 'stage.2', value: 'a = b' });
  expect(parseGuestValue('done=')).toEqual({ key: 'done', value: '' });
  for (const text of ['ready', 'x + y = z', '=5', '2x=3', `${'k'.repeat(65)}=1`, ''])
    expect(parseGuestValue(text)).toBeUndefined();
  expect(parseGuestValue(`k=${'v'.repeat(1000)}`)?.value).toHaveLength(monitorLimits.guestValue);
});

test('the last value of each key is kept, and never too many of them', () => {
  const told = fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 60 }).map((n) => `k${n}`),
      fc.string(),
    ),
  );
  fc.assert(
    fc.property(told, (all) => {
      const kept = all.reduce(
        (values, [key, value]) => withGuestValue(values, key, value),
        new Map<string, string>() as GuestValues,
      );
      const last = new Map(all.map((entry) => entry));
      const newest = [...new Set(all.map(([key]) => key).reverse())].slice(0, monitorLimits.guestKeys);
      expect(new Set(kept.keys())).toEqual(new Set(newest));
      for (const [key, value] of kept) expect(value).toBe(last.get(key));
    }),
  );
});
