import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { VmLayout } from '../jail/layout.ts';
import { releaseNetwork } from '../network/configure.ts';
import { removeTree } from '../system/remove-tree.ts';
import type { EventLog } from './event-log.ts';

/**
 * Removes what a start or a monitor that was killed has left of a VM: nothing else, and nothing while a kernel of it
 * lives (the caller has seen that the lock is free). Mounts need no removal: they were in the namespace of the
 * sandbox and ended with it. Returns what was removed.
 */
export function cleanUp(layout: VmLayout, { monitorToo }: { readonly monitorToo: boolean }): string[] {
  const leftovers = [
    ...filesIn(layout.runUml),
    ...filesIn(layout.runMon),
    layout.status,
    layout.runRecord,
    join(layout.coreClaims, layout.vm),
    join(layout.imageHolders, layout.vm),
    layout.trash,
    layout.crashDraft,
    layout.backupDraft,
    layout.pauseRecord,
    ...(monitorToo ? [layout.ctrl, layout.metrics, layout.pidFile, layout.deaths] : []),
  ].filter((path) => existsSync(path));
  // Directories that only the monitor's own user can write to.
  const own = [layout.trash, layout.crashDraft, layout.backupDraft];
  for (const path of leftovers) if (!own.includes(path)) moveAway(path, layout.trash);
  for (const path of own) removeTree(path);
  const network = releaseNetwork({ directory: layout.networkRecords, vm: layout.vm }, layout.tunDevice);
  return [...leftovers, ...network];
}

/** Does so for a monitor that serves, and publishes what was removed. */
export function removeLeftovers(layout: VmLayout, events: Pick<EventLog, 'publish'>): void {
  const paths = cleanUp(layout, { monitorToo: false });
  if (paths.length === 0) return;
  events.publish('cleaned-up', `removed ${paths.length} leftovers`, { paths: paths.join(' ') });
}

function filesIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).map((name) => join(directory, name));
}

/** Out of the reach of the VM's user before it is removed, so that nothing can be swapped under the removal. */
function moveAway(path: string, trash: string): void {
  mkdirSync(trash, { recursive: true, mode: 0o700 });
  try {
    renameSync(path, join(trash, 'left'));
  } catch {
    // On another file system than the trash, as the control socket may be: a file of the monitor itself.
    rmSync(path, { force: true });
  }
  removeTree(join(trash, 'left'));
}
