/** The private directory of one run: below RUNDIR, held by a lock, and gone with the run. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
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
import { releaseCores } from '../plan/facts/core-claims.ts';
import { isSystemError } from '../system/errors/errors.ts';
import { lock } from '../system/native/native.ts';
import { groupOfRun } from './run-group.ts';

/** Directories of the host that all runs share. */
export interface Roots {
  readonly varDir: string;
  readonly runDir: string;
  readonly shared: string;
}

export interface RunDirectory {
  readonly id: string;
  /** Root of the jail; the same for all runs, and empty except for mount points. */
  readonly jail: string;
  /** What belongs to this run of the first root of the guest. */
  readonly guest: string;
  /** Pieces of input on their way to the guest. */
  readonly input: string;
  readonly status: string;
  /**
   * A directory that the VM's user can read but not write to; its content is removed with the run. If the run has a group,
   * other runs of the same user cannot enter it.
   */
  readonly home: string;
  /** Of this run alone; undefined without root. */
  readonly group: number | undefined;
  /** A file with nothing in it. */
  readonly emptyFile: string;
  /** Where the changes of an image go: in memory, or on disk. Only while the kernel has not yet opened it. */
  readonly changes: { readonly memory: string; onDisk(): string };
  close(): void;
}

const places = ({ runDir }: Roots) => join(runDir, '.umlrun');
const changesOnDisk = ({ varDir }: Roots) => join(varDir, '.umlrun');
export const coreClaimsOf = ({ runDir }: Roots) => join(runDir, '.cores');
export const imageHoldersOf = ({ varDir }: Roots) => join(varDir, '.images');
/** The name of a run among VMs; none can have it. */
export const holderName = (id: string) => `@umlrun.${id}`;

/** What a run cannot be given: here others keep what they were given. */
export const closedOf = (roots: Roots) => [
  roots.runDir,
  changesOnDisk(roots),
  ...[imageHoldersOf(roots), join(roots.varDir, '.cache')],
];

/** What is mounted upon in the jail. `guest` is the first root of the guest, which mounts there too. */
const jailParts = ['kernel', 'launch', 'lib', 'lib64', 'tmp', 'disk', 'root', 'share', 'guest'];
const guestParts = ['bin', 'dev', 'm', 'lower', 'upper', 'run'];
const files = ['disk/image', 'disk/changes', 'guest/overlay.ko'];

/**
 * Makes the directory of a run, and what all runs have in common where it is missing; removes what runs that were killed
 * have left. Errors: JAIL_DIRECTORY.
 */
export function makePlace(roots: Roots, user: VmUser): RunDirectory {
  const jail = makeJail(roots, user);
  sweep(roots);
  const { id, lockFd } = takeLock(places(roots));
  const home = join(places(roots), id);
  const guest = join(home, 'guest');
  const input = join(guest, 'in');
  const onDisk = join(changesOnDisk(roots), id);
  const isOwn = user.uid === process.geteuid?.();
  const group = isOwn ? undefined : groupOfRun(process.pid, groupsTaken(roots));
  // Only the kernel of this run can pass them, and read what is in them.
  const vm = { uid: user.uid, gid: group ?? user.gid };
  const own = (path: string): JailDirectory => ({ path, mode: 0o750, owner: 'root', group: 'vm' });
  const remove = () => {
    removePlace(roots, id);
    closeSync(lockFd);
  };
  try {
    // Each of them: in the jail, where others of the user may look through /proc, nothing is above `guest`.
    makeDirectories([own(home), own(guest), own(input)], ownIds(), vm);
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
    home,
    group,
    emptyFile: join(jail, 'ready'),
    changes: {
      memory: join(home, 'changes'),
      onDisk: () => {
        makeDirectories([own(onDisk)], ownIds(), vm);
        return join(onDisk, 'changes');
      },
    },
    close: remove,
  };
}

function groupsTaken(roots: Roots): Set<number> {
  const found = readdirSync(places(roots)).map((name) =>
    statSync(join(places(roots), name), { throwIfNoEntry: false }),
  );
  return new Set(found.flatMap((stat) => stat?.gid ?? []));
}

function makeJail(roots: Roots, user: VmUser): string {
  const jail = join(places(roots), 'jail');
  const open = (path: string): JailDirectory => ({ path, mode: 0o755, owner: 'root', group: 'root' });
  const passable = (path: string): JailDirectory => ({ path, mode: 0o711, owner: 'root', group: 'root' });
  const make = (directories: readonly JailDirectory[]) => makeDirectories(directories, ownIds(), user);
  make([
    open(roots.varDir),
    { path: join(roots.varDir, '.cache'), mode: 0o700, owner: 'root', group: 'root' },
    passable(changesOnDisk(roots)),
    open(roots.runDir),
    passable(places(roots)),
    open(jail),
  ]);
  // No other user can create files in our directories. A previous version may have created fewer of them.
  if (![join(jail, 'ready'), join(jail, 'guest/bin')].every((path) => existsSync(path))) {
    make([
      ...jailParts.map((name) => open(join(jail, name))),
      ...guestParts.map((name) => open(join(jail, 'guest', name))),
    ]);
    for (const path of [...files, 'ready']) writeFileSync(join(jail, path), '', { mode: 0o644 });
  }
  return jail;
}

/** Those that live hold their locks. */
function sweep(roots: Roots): void {
  for (const name of readdirSync(places(roots))) {
    const id = /^(\d+-[a-z0-9]+)\.lock$/.exec(name)?.[1];
    if (id === undefined) continue;
    const fd = tryLock(join(places(roots), name));
    if (fd === undefined) continue;
    removePlace(roots, id);
    closeSync(fd);
  }
}

/** The lock file goes last, so that what cannot be removed now is found again. */
function removePlace(roots: Roots, id: string): void {
  const home = join(places(roots), id);
  // Only our own user can write there.
  rmSync(home, { recursive: true, force: true });
  rmSync(join(changesOnDisk(roots), id), { recursive: true, force: true });
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

/** Undefined if another process holds it, or has removed it meanwhile. */
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
