import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MacRange, macNumber } from '../../../src/config/values/mac.ts';
import { claimMacs, type MacPool, type MacWish, releaseMacs } from '../../../src/network/mac/mac-pool.ts';

const wide: MacRange = { first: 0x020000000000, last: 0x020000ffffff };
const place = 'host';
const claim = (pool: MacPool, vm: string, wishes: readonly MacWish[], range = wide) =>
  claimMacs(pool, { vm, wishes }, range, place);

test('an address is in the range, and stays when other VMs change', () => {
  const first = claim([], 'vm1', [{ unit: 0 }, { unit: 1 }]);
  const others = claim(first.pool, 'vm2', [{ unit: 0 }]);
  expect(claim(others.pool, 'vm1', [{ unit: 1 }, { unit: 0 }])).toEqual({
    macs: first.macs,
    pool: others.pool,
  });
  for (const mac of [...first.macs.values(), ...others.macs.values()]) {
    expect(macNumber(mac)).toBeGreaterThanOrEqual(wide.first);
    expect(macNumber(mac)).toBeLessThanOrEqual(wide.last);
  }
});

test('a lost file mostly gives the same addresses again, and another host gives others', () => {
  const { macs } = claim([], 'vm1', [{ unit: 0 }]);
  expect(claim([], 'vm1', [{ unit: 0 }]).macs).toEqual(macs);
  expect(claimMacs([], { vm: 'vm1', wishes: [{ unit: 0 }] }, wide, 'other host').macs).not.toEqual(macs);
});

test('an interface that is configured again has its old address; one outside of a new range gets another', () => {
  const { pool, macs } = claim([], 'vm1', [{ unit: 0 }, { unit: 1 }]);
  const less = claim(pool, 'vm1', [{ unit: 0 }]);
  expect(less.pool).toBe(pool);
  expect(claim(less.pool, 'vm1', [{ unit: 1 }]).macs.get(1)).toBe(macs.get(1));
  const elsewhere = { first: 0x060000000000, last: 0x0600000000ff };
  expect(claim(pool, 'vm1', [{ unit: 0 }], elsewhere).macs.get(0)).toMatch(/^06:/);
});

describe('an address of the configuration', () => {
  const mac = '02:00:00:00:00:07';
  test('replaces that of the pool', () => {
    const before = claim([], 'vm1', [{ unit: 0 }]);
    const { macs, pool } = claim(before.pool, 'vm1', [{ unit: 0, mac }]);
    expect(macs.get(0)).toBe(mac);
    expect(pool).toEqual([{ vm: 'vm1', unit: 0, mac, by: 'config' }]);
    expect(claim(pool, 'vm1', [{ unit: 0, mac }]).pool).toBe(pool);
    expect(claim(pool, 'vm1', [{ unit: 0 }]).pool).toHaveLength(1);
  });

  test('is refused if another interface has it', () => {
    const taken = (cause: string) =>
      expect.objectContaining({ code: 'NETWORK_MAC_TAKEN', reason: expect.stringContaining(cause) });
    const { pool } = claim([], 'vm1', [{ unit: 3, mac }]);
    expect(() => claim(pool, 'vm2', [{ unit: 0, mac }])).toThrow(taken('eth3 of vm1, by its own mac='));
    const given = claim([], 'vm1', [{ unit: 3 }]);
    const theirs = given.macs.get(3) ?? '';
    expect(() => claim(given.pool, 'vm2', [{ unit: 0, mac: theirs }])).toThrow(taken('from mac_pool'));
    expect(() =>
      claim(
        [],
        'vm1',
        [0, 1].map((unit) => ({ unit, mac })),
      ),
    ).toThrow(taken('eth0 of vm1'));
    expect(
      claim(
        releaseMacs(pool, (vm) => vm === 'vm1'),
        'vm2',
        [{ unit: 0, mac }],
      ).macs.get(0),
    ).toBe(mac);
  });
});

test('a range gives all of its addresses, and is then refused as empty', () => {
  const range = { first: 0x020000000010, last: 0x02000000001f };
  let pool: MacPool = [];
  for (let vm = 0; vm < 16; vm++) ({ pool } = claim(pool, `vm${vm}`, [{ unit: 0 }], range));
  expect(pool.map(({ mac }) => macNumber(mac)).sort()).toEqual(
    Array.from({ length: 16 }, (_, n) => range.first + n),
  );
  const exhausted = expect.objectContaining({ code: 'NETWORK_MAC_EXHAUSTED', place: 'vm16 eth0' });
  expect(() => claim(pool, 'vm16', [{ unit: 0 }], range)).toThrow(exhausted);
  expect(
    claim(
      releaseMacs(pool, (vm) => vm === 'vm5'),
      'vm16',
      [{ unit: 0 }],
      range,
    ).macs.size,
  ).toBe(1);
});

test('any sequence of claims and removals: unique, unchanged, in range', () => {
  const range = { first: 0x020000000000, last: 0x02000000000f };
  const step = fc.record({
    vm: fc.constantFrom('a', 'b', 'c', 'd'),
    wishes: fc.uniqueArray(
      fc
        .record({ unit: fc.nat(3), low: fc.option(fc.nat(20)) })
        .map(({ unit, low }) =>
          low === null ? { unit } : { unit, mac: `02:00:00:00:00:${low.toString(16).padStart(2, '0')}` },
        ),
      { selector: ({ unit }) => unit, maxLength: 4 },
    ),
    remove: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let pool: MacPool = [];
      for (const { vm, wishes, remove } of steps) {
        if (remove) pool = releaseMacs(pool, (name) => name === vm);
        const before = pool;
        try {
          const claimed = claim(pool, vm, wishes, range);
          pool = claimed.pool;
          expect([...claimed.macs.keys()].sort()).toEqual(wishes.map(({ unit }) => unit).sort());
          for (const { unit, mac } of wishes) {
            const had = before.find((one) => one.vm === vm && one.unit === unit && one.by === 'pool')?.mac;
            expect(claimed.macs.get(unit)).toBe(mac ?? had ?? claimed.macs.get(unit));
          }
          expect(claim(pool, vm, wishes, range)).toEqual(claimed);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^NETWORK_MAC_(TAKEN|EXHAUSTED)$/) });
        }
        expect(new Set(pool.map(({ mac }) => mac)).size).toBe(pool.length);
        expect(new Set(pool.map((one) => `${one.vm} ${one.unit}`)).size).toBe(pool.length);
        const others = (given: MacPool) => given.filter((one) => one.vm !== vm);
        expect(others(pool)).toEqual(others(before));
      }
    }),
  );
});
