/** The directories of the host that a guest is given: its root, if it is one, and the shares. */
import { mkdirSync, readFileSync, realpathSync, statfsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { mountWith } from '../../jail/host/mount-options.ts';
import { isBelow, reachableMounts } from '../../jail/host/mount-table.ts';
import { remountHint } from '../../jail/host/remount-hint.ts';
import type { Bind } from '../../jail/sandbox/sandbox.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import type { RunRequest } from '../arguments.ts';
import { closedOf, type Roots, type RunDirectory } from '../run-directory.ts';
import { fds } from '../streams/descriptors.ts';
import { type Cover, coversOf, type HostView } from './covers.ts';
import { type GivenFiles, openGiven } from './given.ts';
import type { Host } from './host.ts';

export interface GivenDirectory {
  /** Path on the host, without links. */
  readonly directory: string;
  /** Number of its descriptor in the chain. */
  readonly fd: number;
  readonly covers: readonly Cover[];
  /** The mount point above it, if that is mounted noexec. */
  readonly noExec: string | undefined;
}

export interface Directories {
  readonly root: GivenDirectory | undefined;
  /** Parents before what is below them. */
  readonly shares: readonly (GivenDirectory & { readonly writable: boolean })[];
  /** Host path of the kernel's module for overlays, if there is a root that needs it. */
  readonly overlay: string | undefined;
}

interface OpenParts {
  readonly host: Host;
  readonly roots: Roots;
  readonly files: GivenFiles;
}

/**
 * Of file systems in which the host's kernel shows itself: proc, sysfs, cgroup (1 and 2), debugfs, tracefs, securityfs,
 * configfs, bpf, devpts (include/uapi/linux/magic.h).
 */
const ofTheKernel = new Set([
  ...[0x9fa0, 0x6265_6572, 0x27_e0eb, 0x6367_7270, 0x6462_6720, 0x7472_6163, 0x7363_6673],
  ...[0x6265_6570, 0xcafe_4a11, 0x1cd1],
]);

/** @throws UmlmonError USAGE, JAIL_ACCESS */
export function openDirectories({ root, shares }: RunRequest, parts: OpenParts): Directories {
  const view: HostView = {
    mounts:
      root === undefined && shares.length === 0
        ? []
        : reachableMounts(readFileSync('/proc/self/mountinfo', 'utf8')),
    own: [parts.roots.runDir, parts.roots.varDir].flatMap(realPath),
    user: parts.host.user,
  };
  const given = shares.map(({ directory, writable }) => ({
    ...openOne(directory, '-share', view, parts),
    writable,
  }));
  return {
    root: root === undefined ? undefined : openOne(root, '-root', view, parts),
    shares: given.sort((a, b) => a.directory.length - b.directory.length),
    overlay: parts.host.overlay,
  };
}

function openOne(
  given: string,
  option: string,
  view: HostView,
  { host, roots, files }: OpenParts,
): GivenDirectory {
  const place = `${option} ${given}`;
  const errors = { place, missing: 'USAGE', closed: 'JAIL_ACCESS', isDirectory: true } as const;
  const opened = files.add(openGiven(given, host.user, errors));
  if (ofTheKernel.has(statfsSync(`/proc/self/fd/${opened.fd}`).type))
    throw new UmlmonError('USAGE', {
      place,
      cause: 'it shows processes and settings of the host, which a guest must not see',
      hint: 'omit it: the guest has its own there',
    });
  const noExec = mountWith('noexec', `/proc/self/fd/${opened.fd}`);
  if (noExec !== undefined && option === '-root')
    throw new UmlmonError('HOST_MOUNT', {
      place,
      cause: `its programs cannot be executed: ${noExec} is mounted noexec`,
      hint: remountHint('noexec', noExec, 'move the directory to another file system'),
    });
  const closed = closedOf(roots)
    .flatMap(realPath)
    .find((path) => opened.path === path || isBelow(opened.path, path));
  if (closed !== undefined)
    throw new UmlmonError('USAGE', {
      place,
      cause: `${closed} holds files of other runs and VMs`,
      hint: 'choose another directory',
    });
  return {
    directory: opened.path,
    fd: files.numberOf(opened, fds.binds),
    covers: coversOf(opened.path, view),
    noExec,
  };
}

/** The binds of all of them, each with emptiness over what does not come along. */
export function directoryBinds({ root, shares, overlay }: Directories, place: RunDirectory): Bind[] {
  const within = (given: GivenDirectory, to: string, mode: 'ro' | 'rw'): Bind[] => [
    { from: given.directory, to, mode, fd: given.fd },
    ...given.covers.map(({ path, isDirectory }): Bind => {
      const name = relative(given.directory, path);
      const from = isDirectory ? coverFor(path, join(place.home, 'covers', to, name)) : place.emptyFile;
      return { from, to: `${to}/${name}`, mode: 'ro' };
    }),
  ];
  // Each cover is a directory of its own: hostfs identifies directories by their inodes. With one inode for several covers,
  // the guest's kernel would treat them as one directory. A mount on one (/proc) would be on all (/sys, /dev).
  // A share is mounted upon a directory of the root, which must be there even where the root cannot be written.
  const coverFor = (path: string, skeleton: string): string => {
    mkdirSync(skeleton, { recursive: true, mode: 0o755 });
    for (const { directory } of shares.filter((share) => isBelow(share.directory, path)))
      mkdirSync(join(skeleton, relative(path, directory)), { recursive: true, mode: 0o755 });
    return skeleton;
  };
  return [
    ...(root ? within(root, '/root', 'ro') : []),
    ...(overlay ? [{ from: overlay, to: '/guest/overlay.ko', mode: 'ro' as const }] : []),
    ...shares.flatMap((share, i) => within(share, `/share/${i}`, share.writable ? 'rw' : 'ro')),
  ];
}

/** File systems that the kernel itself provides, which no command needs. */
const pseudo =
  /^(proc|sysfs|tmpfs|ramfs|dev\w+|cgroup2?|securityfs|debugfs|tracefs|configfs|pstore|bpf|efivarfs|mqueue|hugetlbfs|autofs|binfmt_misc|nsfs|rpc_pipefs|fusectl)$/;

/** For whose command was not found: other file systems of the host that the root came without. */
export function leftOut({ root }: Directories): string | undefined {
  const missing = root?.covers.filter(({ type }) => type !== '' && !pseudo.test(type)) ?? [];
  if (!root || missing.length === 0) return undefined;
  const paths = missing.map(({ path }) => path).join(', ');
  return `-root ${root.directory} does not include other file systems: ${paths} (hint: add each with -share DIR:ro)`;
}

/** For a command that may not be executed: shares that are mounted noexec on the host. */
export function notExecutable({ shares }: Directories): string | undefined {
  const [share] = shares.filter(({ noExec }) => noExec !== undefined);
  if (share?.noExec === undefined) return undefined;
  return `programs in -share ${share.directory} cannot be executed: ${share.noExec} is mounted noexec (hint: ${remountHint('noexec', share.noExec, 'move the directory to another file system')})`;
}

/** Nothing if there is no such directory. */
function realPath(path: string): string[] {
  try {
    return [realpathSync(path)];
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}
