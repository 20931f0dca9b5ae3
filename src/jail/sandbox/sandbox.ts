/**
 * The chain of ordinary programs that becomes the kernel, as one argv. prlimit, taskset, setarch and setpriv each set one
 * thing and exec the next; bubblewrap builds the jail. Measured: the chain takes less than 5 ms more than bubblewrap
 * alone.
 */

import type { KernelArgument } from '../../config/values/kernel-argument.ts';
import { systemPath } from '../../system/processes/system-path.ts';

/** Absolute paths of the host's programs. */
export interface SandboxPrograms {
  readonly prlimit: string;
  readonly taskset: string;
  readonly setarch: string;
  readonly setpriv: string;
  readonly unshare: string;
  readonly bwrap: string;
}

export interface Bind {
  readonly from: string;
  readonly to: string;
  /** `dev` is `rw` with usable device files. */
  readonly mode: 'ro' | 'rw' | 'dev';
  /**
   * Descriptor, in the chain, of the source: bubblewrap fails if `from` leads to anything else by then. Absent where only
   * root and our own user could replace it, and for `dev`, where the launch compares them.
   */
  readonly fd?: number;
  /** File systems that are mounted below `from` come along. Absent: the launch fails if there is one. */
  readonly submounts?: 'kept';
}

/** A file that bubblewrap copies into a tmpfs of the jail: bound, it would keep the mount options of its place. */
export interface Copy {
  readonly from: string;
  readonly to: string;
  /** Descriptor, in the chain, that it is read from, from its start. */
  readonly fd: number;
}

export interface Tmpfs {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** File mode of its root directory. */
  readonly mode: number;
  /** Made read-only when all binds upon it are in place. */
  readonly readOnly: boolean;
}

export interface SandboxPlan {
  readonly programs: SandboxPrograms;
  /**
   * `user-namespace`: bubblewrap runs as the VM's user. `root`: for hosts that forbid unprivileged user
   * namespaces; bubblewrap runs as root, and setpriv in the jail (see `launcherFiles`) changes the user.
   */
  readonly launcher: 'user-namespace' | 'root';
  /** The host user of the kernel; absent if that is the monitor's own, unprivileged user. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups?: readonly number[] };
  /**
   * bubblewrap cannot write the number of the kernel's user or group to the map of a user namespace. From 2^31 on it
   * writes a negative number. Then unshare(1) first creates a namespace where both are numbers of the account nobody.
   */
  readonly largeIds?: boolean;
  /** Within what the host permits: see limitsOfJail. */
  readonly limits: {
    /**
     * RLIMIT_CORE: one byte, not zero. A core pattern that is a program gets its core in spite of a limit of 0. Then a
     * panic would hand the guest's memory to a program that runs as root. 1 alone stops that too (fs/coredump.c). Where
     * the host permits only 0, the core is empty of memory (keepMemoryFromCores).
     */
    readonly core: number;
    /** RLIMIT_NPROC; counts all processes of the user, in and out of the jail. Absent: as the monitor's. */
    readonly processes?: number;
    /** RLIMIT_NOFILE. */
    readonly files: number;
    /** Bytes of the stack (RLIMIT_STACK, soft). */
    readonly stack: number;
  };
  /** Host cores in the notation of taskset(1), as `0,2-3`. Absent: all. */
  readonly cpus?: string;
  /** `none`: an empty network namespace of its own. `own`: one that is connected before the kernel starts. */
  readonly network: 'none' | 'host' | 'own';
  /** The kernel's user counts as root in its user namespace, which gives others the way in to set up its network. */
  readonly rootInside?: boolean;
  /** Only with a network `own`: the kernel is started when something can be read there. */
  readonly gateFd?: number;
  /** The VM is killed when the program that starts it exits. Absent: it outlives its monitor. */
  readonly tied?: boolean;
  /**
   * Path of unshare(1), for a jail that gets nothing of what is mounted on the host after it was made. Absent: it gets
   * what is mounted below its binds.
   */
  readonly unshare?: string;
  /** Host directory that becomes `/`, read-only. */
  readonly root: string;
  /** The root directory is the host's own, with its programs at their places: for a trial. */
  readonly hostRoot?: true;
  readonly tmpfs: readonly Tmpfs[];
  /** In this order, over the tmpfs. */
  readonly binds: readonly Bind[];
  /** Files of the kernel that lie where nothing may be executed (noexec). */
  readonly copies?: readonly Copy[];
  /** The whole environment of the kernel. */
  readonly environment: Readonly<Record<string, string>>;
  /** Descriptors that the first program of the chain inherits. */
  readonly seccompFd: number;
  readonly statusFd: number;
  /** Working directory in the jail. */
  readonly cwd: string;
  /** The kernel (its path in the jail) and its arguments. */
  readonly command: readonly [program: string, ...KernelArgument[]];
}

/** Environment of the chain itself, outside of the jail. */
export const launchEnvironment = { PATH: systemPath } as const;

/** Where the root launcher finds the loader, setpriv and setarch in the jail. */
export const launcherDirectory = '/launch';

const dropAll = ['--inh-caps=-all', '--bounding-set=-all'];
/** All that a kernel is ever given, and only in a network namespace of its own. */
const keepRaw = ['--inh-caps=-all,+net_raw', '--bounding-set=-all,+net_raw'];

/** The whole argv of a plan. */
export function sandboxArguments(plan: SandboxPlan): string[] {
  const asRoot = plan.launcher === 'root';
  return [
    ...limitArguments(plan),
    ...(plan.cpus === undefined ? [] : [plan.programs.taskset, '-c', plan.cpus]),
    ...unshareArguments(plan),
    // Without address space randomization UML starts at once; with it, it would need /proc to start itself anew.
    ...(asRoot ? [] : [plan.programs.setarch, '-R', '--', ...userArguments(plan, plan.programs.setpriv)]),
    ...smallIdArguments(plan),
    plan.programs.bwrap,
    ...namespaceArguments(plan),
    ...mountArguments(plan),
    '--clearenv',
    ...Object.entries(plan.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--chdir', plan.cwd],
    ...['--seccomp', String(plan.seccompFd), '--json-status-fd', String(plan.statusFd)],
    '--',
    ...(asRoot ? dropInside(plan) : []),
    ...plan.command,
  ];
}

function limitArguments({ programs, limits: { core, processes, files, stack } }: SandboxPlan): string[] {
  return [
    ...[programs.prlimit, `--core=${core}`],
    ...(processes === undefined ? [] : [`--nproc=${processes}`]),
    // Only the soft limit: umlmon does not change the hard one.
    ...[`--nofile=${files}`, `--stack=${stack}:`, '--'],
  ];
}

/** bubblewrap makes its mounts slaves of those that it finds (mount_namespaces(7)): here it finds private ones. */
function unshareArguments({ unshare, user, largeIds }: SandboxPlan): string[] {
  if (unshare === undefined) return [];
  return [
    unshare,
    ...(user ? [] : ['--user', ...(largeIds ? asNobody : ['--map-current-user'])]),
    '--mount',
    '--propagation',
    'private',
    '--',
  ];
}

/** Numbers that every program can write: those of the account nobody (user_namespaces(7), overflow). */
const asNobody = ['--map-user=65534', '--map-group=65534'];

function smallIdArguments({ launcher, largeIds, programs, unshare, user }: SandboxPlan): string[] {
  // Without a user to become, `unshareArguments` has done it.
  if (!largeIds || launcher === 'root' || (unshare !== undefined && !user)) return [];
  return [programs.unshare, '--user', ...asNobody, '--'];
}

/** Whether bubblewrap writes one of the numbers as a negative one. */
export function hasLargeIds({ uid, gid }: { readonly uid: number; readonly gid: number }): boolean {
  return uid > 0x7fff_ffff || gid > 0x7fff_ffff;
}

/** Command line prefix that makes a program run as the user of the VM without privileges; empty for our own user. */
export function userArguments(
  { user }: Pick<SandboxPlan, 'user'>,
  setpriv: string,
  capabilities = dropAll,
): string[] {
  if (!user) return [];
  const groups = user.groups?.length ? ['--groups', user.groups.join(',')] : ['--clear-groups'];
  const ids = ['--reuid', String(user.uid), '--regid', String(user.gid), ...groups];
  return [setpriv, ...ids, '--no-new-privs', ...capabilities, '--'];
}

function namespaceArguments({ launcher, network, gateFd, rootInside, tied }: SandboxPlan): string[] {
  return [
    ...(launcher === 'root' ? [] : ['--unshare-user']),
    ...(rootInside ? ['--uid', '0', '--gid', '0'] : []),
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts'],
    ...(network === 'host' ? [] : ['--unshare-net']),
    ...(gateFd === undefined ? [] : ['--block-fd', String(gateFd)]),
    ...(tied ? ['--die-with-parent'] : []),
    // Not --as-pid-1: UML does not die as PID 1.
    ...['--new-session', '--cap-drop', 'ALL'],
    // What setpriv needs to drop the rest.
    ...(launcher === 'root'
      ? ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'].flatMap((cap) => ['--cap-add', cap])
      : []),
    // In a user namespace it counts for the network namespace that was made in it; else, for the one that it is in.
    ...(network === 'own' ? ['--cap-add', 'CAP_NET_RAW'] : []),
  ];
}

const bindOptions = { ro: '--ro-bind', rw: '--bind', dev: '--dev-bind' } as const;

function bindArguments({ from, to, mode, fd }: Bind): string[] {
  // There is no --dev-bind-fd.
  if (fd === undefined || mode === 'dev') return [bindOptions[mode], from, to];
  return [`${bindOptions[mode]}-fd`, String(fd), to];
}

function mountArguments({ root, tmpfs, binds, copies = [] }: SandboxPlan): string[] {
  return [
    ...['--ro-bind', root, '/'],
    ...tmpfs.flatMap(({ path, size, mode }) => {
      return ['--perms', mode.toString(8).padStart(4, '0'), '--size', String(size), '--tmpfs', path];
    }),
    ...binds.flatMap(bindArguments),
    ...copies.flatMap(({ fd, to }) => ['--perms', '0555', '--file', String(fd), to]),
    ...tmpfs.filter(({ readOnly }) => readOnly).flatMap(({ path }) => ['--remount-ro', path]),
  ];
}

/**
 * The root launcher's drop. Its programs run through their own loader, as the host's libraries are not those of
 * the kernel. setarch must come after setpriv: an exec by user 0 with a full bounding set counts as a gain of
 * capabilities. That clears the personality (cap_bprm_creds_from_file in security/commoncap.c).
 */
function dropInside(plan: SandboxPlan): string[] {
  const loaded = (program: 'setpriv' | 'setarch') =>
    plan.hostRoot
      ? [plan.programs[program]]
      : [
          `${launcherDirectory}/loader`,
          '--library-path',
          launcherDirectory,
          `${launcherDirectory}/${program}`,
        ];
  const raw = plan.network === 'own';
  const [, ...drop] = userArguments(plan, 'setpriv', raw ? keepRaw : dropAll);
  return [
    ...loaded('setpriv'),
    `--ambient-caps=-all${raw ? ',+net_raw' : ''}`,
    ...drop,
    ...loaded('setarch'),
    '-R',
    '--',
  ];
}
