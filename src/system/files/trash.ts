/** Directories that are large, or that users of VMs have filled, on their way out. */
import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from '../errors/errors.ts';
import { monitorLimits } from '../limits/limits.ts';
import { Directory } from './held-directory.ts';

/** Trash → what removes its content now. */
const emptying = new Map<string, Promise<void>>();

/** The trash of a store of directories; no backup or crash bundle has such a name. */
export function trashIn(store: string): string {
  return join(store, '.trash');
}

/** The host has no room for one more directory. */
const full = ['ENOSPC', 'EDQUOT'];

/**
 * Moves a directory out of the reach of its owner, into a directory that only the monitor's own user can enter. That takes
 * the same time whatever is in it; `emptyTrash` removes it. Where there is no room for that, it is removed at once, which
 * may take longer. Nothing if it is not there.
 *
 * @param path of the directory; only the monitor's own user may write to the one above it
 * @param trash on the same file system
 */
export async function discard(path: string, trash: string): Promise<void> {
  const from = Directory.openOwn(dirname(path));
  try {
    // As after an orderly end: then there is nothing to move.
    if (from.removeIfEmpty(basename(path))) return;
    move(from, basename(path), trash);
  } catch (error) {
    if (!isSystemError(error) || !full.includes(error.code ?? '')) throw error;
    await from.removeTree(basename(path));
  } finally {
    from.close();
  }
}

function move(from: Directory, name: string, trash: string): void {
  const home = Directory.openOwn(dirname(trash));
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
 * Removes what is in a trash, and then the trash, one entry at a time in a process of low priority: however much users
 * have put there, nobody waits for more than a rename. May be called at any time, also while it goes on; what is cut off
 * is done at the next call.
 *
 * @returns when nothing is left. Errors: HOST_COMMAND; the rest of the trash is then gone all the same.
 */
export function emptyTrash(trash: string): Promise<void> {
  const now = emptying.get(trash) ?? Promise.resolve().then(() => removeAll(trash));
  emptying.set(trash, now);
  return now;
}

/** Resolves at once, unless more starts have left something than may wait: one then waits for its turn. */
export async function roomInTrash(trash: string): Promise<void> {
  const home = Directory.openOwn(dirname(trash));
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
    const home = Directory.openOwn(dirname(trash));
    try {
      await removeEntries(home, basename(trash), failures);
    } finally {
      home.close();
    }
  } finally {
    // At once: what comes from now on is for another call.
    emptying.delete(trash);
  }
  for (const error of failures) throw error;
}

async function removeEntries(home: Directory, name: string, failures: unknown[]): Promise<void> {
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

function entriesOf(home: Directory, name: string): string[] {
  if (home.look(name) === undefined) return [];
  const trash = home.directory(name);
  try {
    return trash.list().map((entry) => entry.name);
  } finally {
    trash.close();
  }
}
