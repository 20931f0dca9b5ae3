import { setTimeout as delay } from 'node:timers/promises';
import { lock } from '../native/native.ts';

/** Locks an open file exclusively (flock(2)); false if it is still locked after `waitMs`. Times are in milliseconds. */
export async function lockWithin(fd: number, waitMs: number, pollMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs;
  while (!lock(fd, 'exclusive')) {
    if (performance.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}
