import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Strangers } from '../../../src/rpc/server/strangers.ts';
import { remoteLimits, remoteShares } from '../../../src/system/limits/limits.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('no client stays unauthenticated for long, however slow its login is', () => {
  const strangers = new Strangers();
  const [slow, known] = [new Socket(), new Socket()];
  strangers.add(slow, 'a');
  strangers.add(known, 'a');
  strangers.forget(known);
  vi.advanceTimersByTime(remoteLimits.strangerTime - 1);
  expect([slow.destroyed, known.destroyed]).toEqual([false, false]);
  vi.advanceTimersByTime(1);
  expect([slow.destroyed, known.destroyed]).toEqual([true, false]);
  strangers.close();
  expect(known.destroyed).toBe(false);
});

test('of too many, the oldest of the address that has the most is closed', () => {
  const strangers = new Strangers();
  const single = new Socket();
  strangers.add(single, 'single');
  const { total, perPeer } = remoteShares.strangers;
  const crowd = Array.from({ length: perPeer + 3 }, () => new Socket());
  for (const socket of crowd) strangers.add(socket, 'crowd');
  expect(single.destroyed).toBe(false);
  expect(strangers.size).toBe(perPeer + 1);
  expect(crowd.map(({ destroyed }) => destroyed).lastIndexOf(true)).toBe(2);
  // With fifty addresses, too, each keeps a part, and a new address gets a place.
  const crowds = Array.from({ length: 50 * perPeer }, () => new Socket());
  for (const [at, socket] of crowds.entries()) strangers.add(socket, `192.0.2.${at % 50}`);
  const late = new Socket();
  strangers.add(late, '2001:db8::1');
  expect(strangers.size).toBe(total);
  expect([single.destroyed, late.destroyed]).toEqual([false, false]);
  strangers.close();
});
