/**
 * The host-wide lock for changes of the network: several VMs may need the same bridge or setting, so one monitor changes
 * them at a time.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UmlmonError } from '../system/errors/errors.ts';
import { networkLimits } from '../system/limits/limits.ts';
import { lock as lockFile } from '../system/native/native.ts';
import { shellWord } from '../system/shell-word.ts';
import type { RecordPlace } from './network-record.ts';

/** How long to wait for the lock, and how often to try. Milliseconds. */
export interface LockWait {
  readonly waitMs: number;
  readonly pollMs: number;
}

const shortWait: LockWait = { waitMs: networkLimits.lockWait, pollMs: networkLimits.lockPoll };

/**
 * Does `work` while no other monitor, and nothing else in this one, changes the network of the host. Programs that it
 * starts should inherit the descriptor `lock`: the lock is then held until they exit, even if this process is killed.
 *
 * @throws UmlmonError NETWORK_COMMAND if others hold the lock for too long; what `work` throws
 */
export async function withNetworkLock<T>(
  place: RecordPlace,
  work: (lock: number) => Promise<T>,
  wait: LockWait = shortWait,
): Promise<T> {
  const done = await withNetworkLockWhile(place, () => true, work, wait);
  if (done === undefined) throw new Error('unreachable: nothing ended the wait');
  return done.result;
}

/**
 * The same, as long as it is wanted.
 *
 * @param isWanted called before each attempt to get the lock
 * @returns undefined if it is no longer wanted, and nothing was done
 */
export async function withNetworkLockWhile<T>(
  place: RecordPlace,
  isWanted: () => boolean,
  work: (lock: number) => Promise<T>,
  { waitMs, pollMs }: LockWait,
): Promise<{ readonly result: T } | undefined> {
  const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
  const path = join(place.directory, '.lock');
  const fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    const deadline = performance.now() + waitMs;
    while (!lockFile(fd, 'exclusive')) {
      if (!isWanted()) return undefined;
      if (performance.now() > deadline) throw heldTooLong(path, waitMs);
      await delay(pollMs);
    }
    return { result: await work(fd) };
  } finally {
    closeSync(fd);
  }
}

function heldTooLong(path: string, waitMs: number): UmlmonError {
  return new UmlmonError('NETWORK_COMMAND', {
    place: path,
    cause: `another monitor has held this lock for ${waitMs / 1000} s, to change the network of the host`,
    hint: `find it with: fuser -v ${shellWord(path)}`,
  });
}
