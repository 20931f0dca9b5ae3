/** What of a directory of the host a guest is not given with it: other file systems below it, and what is umlmon's own. */
import { lstatSync } from 'node:fs';
import { isBelow, type Mount } from '../../jail/host/mount-table.ts';
import type { VmUser } from '../../jail/user.ts';
import { closedDirectory } from '../../plan/checks/access.ts';
import { isSystemError } from '../../system/errors/errors.ts';

export interface Cover {
  /** On the host. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** Of the file system that is mounted there; '' for what is umlmon's own. */
  readonly type: string;
}

export interface HostView {
  readonly mounts: readonly Mount[];
  /** Directories of umlmon, where other runs and VMs keep what they were given. Without links. */
  readonly own: readonly string[];
  readonly user: VmUser;
}

/**
 * The places below a directory that must be covered, none below another one. Where the VM's user cannot enter, the whole
 * directory that stops it is covered: bubblewrap, as that user, cannot reach what is below.
 */
export function coversOf(directory: string, { mounts, own, user }: HostView): Cover[] {
  const places = [
    ...mounts.map(({ point, type }) => ({ path: point, type })),
    ...own.map((path) => ({ path, type: '' })),
  ]
    .filter(({ path }) => isBelow(path, directory))
    .map(({ path, type }) => ({ path: closedDirectory(path, user, directory) ?? path, type }))
    .sort((a, b) => a.path.length - b.path.length);
  const topmost: { path: string; type: string }[] = [];
  for (const place of places)
    if (!topmost.some(({ path }) => place.path === path || isBelow(place.path, path))) topmost.push(place);
  return topmost.flatMap((place) => {
    const isDirectory = looksLikeDirectory(place.path);
    return isDirectory === undefined ? [] : [{ ...place, isDirectory }];
  });
}

/** Undefined if nothing is there. A file system in user space may be closed even to root. */
function looksLikeDirectory(path: string): boolean | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return true;
  }
}
