/** Makes the directories of a VM. */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError, UmlmonError } from '../system/errors/errors.ts';
import { capabilityHint } from '../system/native/capabilities.ts';
import type { JailDirectory } from './layout.ts';

export interface OwnerIds {
  readonly uid: number;
  readonly gid: number;
}

/** The user who stands for `root` in the layout. */
export function ownIds(): OwnerIds {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

/**
 * Makes what is missing of the directories (parents first, as jailDirectories lists them), and gives those that
 * exist the owner, group and mode that they should have.
 *
 * Only `self` can write to the parent of each directory, and the last step never follows a link. So no user of a VM can
 * redirect it. The directories above the first ones belong to the administrator: links are followed there.
 *
 * @param self the user who stands for `root`: root, or the user who runs umlmon
 * @param vm the user of the VM; the same as `self` without root
 * @returns the paths that did not exist before
 * @throws UmlmonError JAIL_DIRECTORY
 */
export function makeDirectories(
  directories: readonly JailDirectory[],
  self: OwnerIds,
  vm: OwnerIds,
): string[] {
  return directories.filter((directory) => makeOne(directory, self, vm)).map(({ path }) => path);
}

/** What root needs for directories of other users. */
const forDirectories = ['CAP_CHOWN', 'CAP_FOWNER', 'CAP_DAC_OVERRIDE'] as const;

function makeOne({ path, mode, owner, group }: JailDirectory, self: OwnerIds, vm: OwnerIds): boolean {
  const uid = (owner === 'vm' ? vm : self).uid;
  const gid = (group === 'vm' ? vm : self).gid;
  try {
    const created = makeIfMissing(path);
    const found = lstatSync(path);
    // A directory whose owner changes comes from `self`. One that the VM's user or another user has created may
    // hold anything.
    const trusted = found.uid === uid || found.uid === self.uid;
    if (!found.isDirectory() || !trusted) throw distrust(path, found, uid);
    if (found.uid !== uid || found.gid !== gid || (found.mode & 0o7777) !== mode)
      setOwner(path, found, { uid, gid }, mode);
    return created;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const lacking = error.code === 'EPERM' || error.code === 'EACCES' ? capabilityHint(forDirectories) : '';
    const others =
      'check the permissions of the directories above it, or set vardir, rundir or shared to other directories';
    const hint = lacking || (error.code === 'ENOSPC' ? 'free some space' : others);
    throw new UmlmonError('JAIL_DIRECTORY', { place: path, cause: error.message, hint });
  }
}

function makeIfMissing(path: string): boolean {
  try {
    // No other user can enter before owner and mode are set.
    mkdirSync(path, 0o700);
    return true;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'EEXIST') return false;
    if (error.code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return makeIfMissing(path);
  }
}

/** By descriptor: the inspected directory is the one that is changed. */
function setOwner(path: string, looked: Stats, { uid, gid }: OwnerIds, mode: number): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const opened = fstatSync(fd);
    if (opened.ino !== looked.ino || opened.dev !== looked.dev) throw distrust(path, opened, uid);
    if (opened.uid !== uid || opened.gid !== gid) fchownSync(fd, uid, gid);
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}

function distrust(path: string, found: Stats, uid: number): UmlmonError {
  const cause = found.isSymbolicLink()
    ? 'is a symbolic link, not a directory'
    : found.isDirectory()
      ? `belongs to uid ${found.uid}, not to ${uid}`
      : 'exists, but is not a directory';
  const hint = found.isSymbolicLink()
    ? 'replace it with a directory, or set vardir, rundir or shared to another directory'
    : `check its content, then remove it or chown it to ${uid}`;
  return new UmlmonError('JAIL_DIRECTORY', { place: path, cause, hint });
}
