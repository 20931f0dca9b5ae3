/** Removal of directories that are large or that users of VMs have filled. */
import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from '../errors/errors.ts';
import { monitorLimits } from '../limits/limits.ts';
import { HeldDirectory } from './held-directory.ts';

/** Trash → its removal in progress. */
const emptying = new Map<string, Promise<void>>();

/** The name of the trash in a directory; it is not a valid name of a backup or crash bundle. */
export function trashIn(store: string): string {
  return join(store, '.trash');
}

/** The host has no room for one more directory. */
const full = ['ENOSPC', 'EDQUOT'];

/**
 * Moves a directory out of the reach of its owner, into one that only the user of the monitor can enter. This takes
 * constant time; `emptyTrash` removes it later. If the disk is full, it is removed at once, which
 * may take longer. A missing directory is ignored.
 *
 * @param path of the directory; only the user of the monitor may write to its parent
 * @param trash on the same file system
 */
export async function discard(path: string, trash: string): Promise<void> {
  const from = HeldDirectory.openOwn(dirname(path));
  try {
    // As after a clean shutdown: there is nothing to move.
    if (from.removeIfEmpty(basename(path))) return;
    move(from, basename(path), trash);
  } catch (error) {
    if (!isSystemError(error) || !full.includes(error.code ?? '')) throw error;
    await from.removeTree(basename(path));
  } finally {
    from.close();
  }
}

function move(from: HeldDirectory, name: string, trash: string): void {
  const home = HeldDirectory.openOwn(dirname(trash));
  try {
    const into = home.makeDirectory(basename(trash), 0o700);
    try {
      from.rename(name, randomUUID(), into);
    } finally {
      into.close();
    }
  } finally {
    home.close();
  }
}

/**
 * Removes a trash with its content, one entry at a time in a process of low priority. However much users
 * have put there, callers wait only for a rename. It may be called at any time, also during a removal; an interrupted
 * removal continues at the next call.
 *
 * @returns when the trash is empty. Errors: HOST_COMMAND; the other entries are removed nevertheless.
 */
export function emptyTrash(trash: string): Promise<void> {
  const now = emptying.get(trash) ?? Promise.resolve().then(() => removeAll(trash));
  emptying.set(trash, now);
  return now;
}

/** Resolves at once unless too many entries are pending; then it waits for a removal. */
export async function roomInTrash(trash: string): Promise<void> {
  const home = HeldDirectory.openOwn(dirname(trash));
  try {
    if (entriesOf(home, basename(trash)).length < monitorLimits.trashWaiting) return;
  } finally {
    home.close();
  }
  await emptyTrash(trash);
}

async function removeAll(trash: string): Promise<void> {
  const failures: unknown[] = [];
  try {
    const home = HeldDirectory.openOwn(dirname(trash));
    try {
      await removeEntries(home, basename(trash), failures);
    } finally {
      home.close();
    }
  } finally {
    // Synchronous: later entries are left to another call.
    emptying.delete(trash);
  }
  for (const error of failures) throw error;
}

async function removeEntries(home: HeldDirectory, name: string, failures: unknown[]): Promise<void> {
  const tried = new Set<string>();
  for (;;) {
    const next = entriesOf(home, name).find((entry) => !tried.has(entry));
    if (next === undefined) break;
    tried.add(next);
    const trash = home.directory(name);
    try {
      await trash.removeTree(next);
    } catch (error) {
      failures.push(error);
    } finally {
      trash.close();
    }
  }
  if (failures.length === 0) home.removeDirectory(name);
}

function entriesOf(home: HeldDirectory, name: string): string[] {
  if (home.look(name) === undefined) return [];
  const trash = home.directory(name);
  try {
    return trash.list().map((entry) => entry.name);
  } finally {
    trash.close();
  }
}
