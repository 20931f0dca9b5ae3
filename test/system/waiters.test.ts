import { expect, test } from 'vitest';
import { Waiters } from '../../src/system/waiters.ts';

test('a call waits until it is woken, its time is over, or its signal is aborted', async () => {
  const waiters = new Waiters();
  const abort = new AbortController();
  const woken = waiters.wait(60_000);
  expect(waiters.size).toBe(1);
  waiters.wake();
  await woken;
  await waiters.wait(1);
  const aborted = waiters.wait(60_000, abort.signal);
  abort.abort();
  await aborted;
  await waiters.wait(60_000, abort.signal);
  expect(waiters.size).toBe(0);
});

test('a wake ends only the calls that wait then', async () => {
  const waiters = new Waiters();
  const first = waiters.wait(60_000);
  waiters.wake();
  await first;
  let hasEnded = false;
  const second = waiters.wait(60_000).then(() => {
    hasEnded = true;
  });
  await new Promise(setImmediate);
  expect(hasEnded).toBe(false);
  waiters.wake();
  await second;
});
