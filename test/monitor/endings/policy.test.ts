import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addDeath,
  backOff,
  type Death,
  type DeathTally,
  isTooMany,
} from '../../../src/monitor/endings/death-tally.ts';
import { decideSequel, type Policies, policyFor } from '../../../src/monitor/endings/policy.ts';
import type { ExitRecord } from '../../../src/rpc/umlmonctrl.gen.ts';

const exit: ExitRecord = {
  endedAt: 0,
  cause: 'crash',
  code: -1,
  signal: 6,
  askedBy: '',
  panic: '',
  lastLines: '',
  bundle: '',
  why: '',
  con0Reason: '',
};

test.each([
  [{}, 'on_crash'],
  [{ cause: 'reboot' }, 'on_reboot'],
  [{ cause: 'poweroff' }, 'on_poweroff'],
  [{ cause: 'hang', askedBy: 'on_hang' }, 'on_hang'],
  [{ cause: 'killed', askedBy: 'uid 0' }, undefined],
  [{ cause: 'poweroff', askedBy: 'SIGTERM' }, undefined],
  [{ cause: 'reboot', askedBy: 'uid 0' }, undefined],
  [{ cause: 'error' }, undefined],
] as const)('%o is decided by %s: an end that a user requested is final', (given, policy) => {
  expect(policyFor({ ...exit, ...given })).toBe(policy);
});

const policies: Policies = {
  on_poweroff: 'stop',
  on_reboot: 'restart',
  on_crash: 'preserve',
  on_hang: 'stop',
  restart_limit: { deaths: 3, windowMs: 10_000 },
};

test('stop, restart, preserve', () => {
  const tally = [{ at: 5_000, ranMs: 300 }];
  expect(decideSequel('on_poweroff', policies, tally)).toEqual({ do: 'nothing' });
  expect(decideSequel('on_reboot', policies, tally)).toEqual({ do: 'restart', delayMs: 700 });
  expect(decideSequel('on_crash', policies, tally)).toEqual({ do: 'preserve' });
});

/** A tally of guests that die `ranMs` after each start, and are started again as the back-off says. */
function lives(...ranMs: readonly number[]): { tally: DeathTally; delays: number[] } {
  let tally: DeathTally = [];
  let now = 0;
  const delays: number[] = [];
  for (const ran of ranMs) {
    now += ran;
    tally = addDeath(tally, { at: now, ranMs: ran });
    const delay = backOff(tally);
    delays.push(delay);
    now += delay;
  }
  return { tally, delays };
}

test('a clock that was set back in the life of a guest does not make its restart wait for longer', () => {
  expect(backOff([{ at: 0, ranMs: -3_600_000 }])).toBe(1_000);
});

test('short lives double the time between starts up to a minute; a healthy one resets it', () => {
  expect(lives(0, 0, 0, 0, 0, 0, 0, 0, 0).delays).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
  ]);
  expect(lives(300, 300, 60_000, 300).delays).toEqual([700, 1_700, 0, 700]);
  expect(lives(3_600_000).delays).toEqual([0]);
  expect(lives(20_000, 20_000).delays).toEqual([0, 0]);
});

test('one unexpected exit above the limit within the window is too many', () => {
  const limit = { deaths: 3, windowMs: 10_000 };
  const at = (...times: number[]): Death[] => times.map((time) => ({ at: time, ranMs: 0 }));
  expect(isTooMany([], limit)).toBe(false);
  expect(isTooMany(at(1, 2, 3), limit)).toBe(false);
  expect(isTooMany(at(1, 2, 3, 4), limit)).toBe(true);
  expect(isTooMany(at(1, 2, 3, 10_001), limit)).toBe(false);
  expect(isTooMany(at(1, 2, 3, 10_000), limit)).toBe(true);
  expect(isTooMany(at(1, 2, 3, 4), null)).toBe(false);
  // The clock of the host was set back: deaths of the future prove nothing.
  expect(isTooMany(at(90_000, 90_001, 90_002, 4), limit)).toBe(false);
});

test('whatever a guest does, restarts within the window stay within the limit', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1_000, max: 86_400_000 }),
      fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 150 }),
      (deaths, windowMs, ranMs) => {
        let tally: DeathTally = [];
        let now = 0;
        const restarts: number[] = [];
        for (const ran of ranMs) {
          now += ran;
          tally = addDeath(tally, { at: now, ranMs: ran });
          const before = restarts.filter((at) => now - at < windowMs).length;
          if (isTooMany(tally, { deaths, windowMs })) {
            expect(before).toBe(deaths);
            return;
          }
          expect(before).toBeLessThan(deaths + 1);
          restarts.push(now);
          now += backOff(tally);
        }
      },
    ),
  );
});
