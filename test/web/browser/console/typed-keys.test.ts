import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TypedKeys } from '../../../../src/web/browser/console/typed-keys.ts';

test('over a line that is cut at any moment, every key arrives once and in its order', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('type' as const), keys: fc.uint8Array({ minLength: 1, maxLength: 9 }) }),
    // The guest takes some of what is on its way.
    fc.record({ do: fc.constant('take' as const), most: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ do: fc.constant('hear' as const) }),
    fc.record({ do: fc.constant('cut' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const keys = new TypedKeys();
      const typed: number[] = [];
      const arrived: number[] = [];
      let onTheWay: number[] = [];
      const comeBack = () => {
        keys.taken(arrived.length);
        keys.sendAgain();
        onTheWay = [...keys.next()];
      };
      for (const each of steps) {
        if (each.do === 'type') {
          expect(keys.push(each.keys)).toBe(true);
          typed.push(...each.keys);
          onTheWay.push(...keys.next());
        } else if (each.do === 'take') arrived.push(...onTheWay.splice(0, each.most));
        else if (each.do === 'hear') keys.taken(arrived.length);
        else comeBack();
      }
      comeBack();
      arrived.push(...onTheWay);
      expect(arrived).toEqual(typed);
    }),
  );
});

test('as many keys are sent as umlweb keeps, and the others when the guest has taken some', () => {
  const keys = new TypedKeys();
  expect(keys.push(new Uint8Array(1_000_000))).toBe(true);
  expect(keys.next().length).toBe(65_536);
  expect(keys.next().length).toBe(0);
  keys.taken(1000);
  expect(keys.next().length).toBe(1000);
  expect(keys.dropUnsent()).toBe(1_000_000 - 66_536);
  expect(keys.count).toBe(65_536);
  keys.push(Uint8Array.of(3));
  expect(keys.next().length).toBe(0);
  expect(keys.next(true)).toEqual(Uint8Array.of(3));
});

test('the number of keys is bounded while the guest reads none', () => {
  const keys = new TypedKeys();
  expect(keys.push(new Uint8Array(8 * 1024 * 1024))).toBe(true);
  expect(keys.push(new Uint8Array(1))).toBe(false);
  keys.taken(1);
  expect(keys.push(new Uint8Array(1))).toBe(true);
});
