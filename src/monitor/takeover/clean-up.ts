import { existsSync, opendirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { VmLayout } from '../../jail/layout.ts';
import { releaseNetwork } from '../../network/release.ts';
import { HeldDirectory } from '../../system/files/held-directory.ts';
import { discard, emptyTrash, trashIn } from '../../system/files/trash.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Warnings } from '../warnings.ts';

export interface CleanedUp {
  /** The removed files, as printable paths. */
  readonly removed: string[];
  /** Resolves when the files no longer take space. Errors: HOST_COMMAND. */
  readonly emptied: Promise<unknown>;
}

/**
 * Removes what a start or a monitor that was killed has left of a VM: nothing else, and nothing while a kernel of it
 * lives (the caller has seen that the lock is free). Mounts need no removal: they were in the namespace of the
 * sandbox and ended with it.
 */
export async function cleanUp(
  layout: VmLayout,
  { monitorToo }: { readonly monitorToo: boolean },
): Promise<CleanedUp> {
  const guests = firstIn(layout.runUml);
  // In directories that only the monitor's own user can write to: no other process changes them meanwhile.
  const files = [
    ...namesIn(layout.runMon).map((name) => join(layout.runMon, name)),
    layout.status,
    layout.runRecord,
    join(layout.coreClaims, layout.vm),
    join(layout.imageHolders, layout.vm),
    layout.pauseRecord,
    ...(monitorToo ? [layout.ctrl, layout.metrics, layout.pidFile, layout.deaths] : []),
  ].filter((path) => existsSync(path));
  const trees = [layout.trash, layout.crashDraft, layout.backupDraft].filter((path) => existsSync(path));
  if (guests.length > 0) await emptyOfGuest(layout);
  for (const path of files) rmSync(path, { force: true });
  const emptied = [
    ...(existsSync(layout.home) ? [emptyTrash(layout.trash)] : []),
    ...(existsSync(layout.crashDraft) ? [discardDraft(layout.crashes, layout.crashDraft)] : []),
    ...(existsSync(layout.backupDraft) ? [discardDraft(layout.backups, layout.backupDraft)] : []),
  ];
  const network = await releaseNetwork({ directory: layout.networkRecords, vm: layout.vm }, layout.tunDevice);
  return { removed: [...guests, ...files, ...trees, ...network], emptied: Promise.all(emptied) };
}

/** Cleans up for a monitor that serves, and publishes the removed paths. Does not wait until the space is free. */
export async function removeLeftovers(
  layout: VmLayout,
  events: Pick<EventLog, 'publish'>,
  warnings: Pick<Warnings, 'report'>,
): Promise<void> {
  const { removed, emptied } = await cleanUp(layout, { monitorToo: false });
  emptied.catch(warnings.report);
  if (removed.length === 0) return;
  events.publish('cleaned-up', `removed ${removed.length} leftovers`, { paths: removed.join(' ') });
}

async function discardDraft(store: string, draft: string): Promise<void> {
  await discard(draft, trashIn(store));
  await emptyTrash(trashIn(store));
}

/** The VM's user owns this directory: it is removed out of that user's reach, and another one takes its place. */
async function emptyOfGuest({ runUml, trash }: VmLayout): Promise<void> {
  const parent = HeldDirectory.openOwn(dirname(runUml));
  try {
    const old = parent.directory(basename(runUml));
    const { uid, gid } = old.stat;
    old.close();
    await discard(runUml, trash);
    const fresh = parent.makeDirectory(basename(runUml), 0o700);
    fresh.give({ uid: Number(uid), gid: Number(gid) }, 0o700);
    fresh.close();
  } finally {
    parent.close();
  }
}

/** Some of the names as printable paths: a directory may have any number of names, of any bytes. */
function firstIn(path: string): string[] {
  if (!existsSync(path)) return [];
  const directory = opendirSync(path);
  try {
    const found: string[] = [];
    for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
      if (found.length === monitorLimits.leftoversNamed) return [...found, join(path, '…')];
      found.push(printable(join(path, entry.name), path.length + 1 + 255));
    }
    return found;
  } finally {
    directory.closeSync();
  }
}

/** Of a directory of the monitor itself. */
function namesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  const directory = HeldDirectory.openOwn(path);
  try {
    return directory.list().map(({ name }) => name);
  } finally {
    directory.close();
  }
}
