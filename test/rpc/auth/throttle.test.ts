import { describe, expect, test } from 'vitest';
import { networkOf, plainAddress } from '../../../src/rpc/address.ts';
import { Throttle } from '../../../src/rpc/auth/throttle.ts';

const limits = { free: 3, first: 100, most: 1000, memory: 10_000, names: 4 };

describe('the throttle', () => {
  test('waits double with each failure, up to a maximum', () => {
    const throttle = new Throttle(limits);
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map(() => {
      throttle.failed('a', 0);
      return throttle.waitOf('a', 0);
    });
    expect(waits).toEqual([0, 0, 100, 200, 400, 800, 1000, 1000]);
    expect(throttle.waitOf('a', 999)).toBe(1);
    expect(throttle.waitOf('a', 1000)).toBe(0);
    expect(throttle.waitOf('b', 0)).toBe(0);
  });

  test('a success forgives half, and time everything', () => {
    const throttle = new Throttle(limits);
    for (let count = 0; count < 8; count++) throttle.failed('a', 0);
    throttle.succeeded('a');
    expect(throttle.waitOf('a', 0)).toBe(200);
    expect(throttle.waitOf('a', 10_001)).toBe(0);
    throttle.failed('a', 10_001);
    expect(throttle.waitOf('a', 10_001)).toBe(0);
  });

  test('remembers so many names and no more', () => {
    const throttle = new Throttle(limits);
    for (const name of ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'd', 'e']) throttle.failed(name, 0);
    expect(throttle.waitOf('a', 0)).toBe(0);
    expect(throttle.waitOf('b', 0)).toBe(100);
  });
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  [plainAddress('::ffff:192.0.2.7'), '192.0.2.7'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
