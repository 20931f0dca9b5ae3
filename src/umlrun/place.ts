/** The private directory of one run: below RUNDIR, held by a lock, and gone with the run. */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeDirectories, ownIds } from '../jail/directories.ts';
import type { JailDirectory } from '../jail/layout.ts';
import type { VmUser } from '../jail/user.ts';
import { releaseCores } from '../plan/core-claims.ts';
import { isSystemError } from '../system/errors.ts';
import { lock } from '../system/native.ts';

/** Directories of the host that all runs share. */
export interface Roots {
  readonly varDir: string;
  readonly runDir: string;
  readonly shared: string;
}

export interface Place {
  readonly id: string;
  /** Root of the jail. */
  readonly jail: string;
  /** What the guest has as its root until it has mounted the real one; `/guest` in the jail. */
  readonly guest: string;
  /** Pieces of input on their way to the guest. */
  readonly input: string;
  readonly status: string;
  /** Where the changes of an image go: in memory, or on disk. Only while the kernel has not yet opened it. */
  readonly changes: { readonly memory: string; readonly disk: string };
  close(): void;
}

const places = ({ runDir }: Roots) => join(runDir, '.umlrun');
const changesOnDisk = ({ varDir }: Roots) => join(varDir, '.umlrun');
export const coreClaimsOf = ({ runDir }: Roots) => join(runDir, '.cores');
export const imageHoldersOf = ({ runDir }: Roots) => join(runDir, '.images');
/** The name of a run among VMs; none can have it. */
export const holderName = (id: string) => `@umlrun.${id}`;

/** Directories of the jail to mount upon, and of the guest's first root. */
const mountPoints = ['kernel', 'launch', 'lib', 'lib64', 'tmp', 'disk', 'root', 'share', 'guest'];
const filesToMountUpon = ['disk/image', 'disk/changes', 'guest/overlay.ko'];
const guestDirectories = ['dev', 'in', 'm', 'lower', 'upper'];

/** Makes the directory of a run. Errors: JAIL_DIRECTORY. */
export function makePlace(roots: Roots, user: VmUser, shares: number): Place {
  const open = (path: string): JailDirectory => ({ path, mode: 0o755, owner: 'root', group: 'root' });
  const passable = (path: string): JailDirectory => ({ path, mode: 0o711, owner: 'root', group: 'root' });
  makeDirectories(
    [
      open(roots.varDir),
      { path: join(roots.varDir, '.cache'), mode: 0o700, owner: 'root', group: 'root' },
      passable(changesOnDisk(roots)),
      open(roots.runDir),
      passable(places(roots)),
    ],
    ownIds(),
    user,
  );
  const { id, lockFd } = takeLock(places(roots));
  const home = join(places(roots), id);
  const jail = join(home, 'jail');
  const guest = join(jail, 'guest');
  const input = join(guest, 'in');
  const remove = () => {
    removePlace(roots, id);
    closeSync(lockFd);
  };
  try {
    // Only the VM's user can pass it, and read what is in it.
    makeDirectories([{ path: home, mode: 0o750, owner: 'root', group: 'vm' }], ownIds(), user);
    for (const path of [
      jail,
      ...mountPoints.map((name) => join(jail, name)),
      ...guestDirectories.map((name) => join(guest, name)),
      ...Array.from({ length: shares }, (_, i) => join(jail, 'share', String(i))),
    ])
      mkdirSync(path, 0o755);
    for (const path of filesToMountUpon) writeFileSync(join(jail, path), '');
  } catch (error) {
    remove();
    throw error;
  }
  return {
    id,
    jail,
    guest,
    input,
    status: join(home, 'status'),
    changes: { memory: join(home, 'changes'), disk: join(changesOnDisk(roots), id) },
    close: remove,
  };
}

/** Removes what runs that were killed have left; those that live hold their locks. */
export function sweep(roots: Roots): void {
  for (const name of namesIn(places(roots))) {
    if (!name.endsWith('.lock')) continue;
    const fd = tryLock(join(places(roots), name));
    if (fd === undefined) continue;
    removePlace(roots, name.slice(0, -'.lock'.length));
    closeSync(fd);
  }
}

/** The lock file goes last, so that what cannot be removed now is found again. */
function removePlace(roots: Roots, id: string): void {
  const home = join(places(roots), id);
  // Only our own user can write there.
  rmSync(home, { recursive: true, force: true });
  rmSync(join(changesOnDisk(roots), id), { force: true });
  rmSync(join(imageHoldersOf(roots), holderName(id)), { force: true });
  releaseCores(coreClaimsOf(roots), holderName(id));
  rmSync(`${home}.lock`, { force: true });
}

/** A new name with its lock. */
function takeLock(directory: string): { id: string; lockFd: number } {
  for (;;) {
    const id = `${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
    const lockFd = tryLock(join(directory, `${id}.lock`), constants.O_CREAT | constants.O_EXCL);
    if (lockFd !== undefined) return { id, lockFd };
  }
}

/** Undefined if somebody else holds it, or has removed it meanwhile. */
function tryLock(path: string, flags = 0): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | flags, 0o600);
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'EEXIST')) return undefined;
    throw error;
  }
  if (lock(fd, 'exclusive') && statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino)
    return fd;
  closeSync(fd);
  return undefined;
}

function namesIn(directory: string): string[] {
  mkdirSync(directory, { recursive: true });
  return readdirSync(directory);
}
