/** The confinement of a program of the host that reads what a guest has written. Pure. */
import { dirname } from 'node:path';
import { type HostLimits, prlimitWords } from '../../system/processes/resource-limits.ts';

/** Absolute paths of the host's programs that make it. */
export interface ConfiningPrograms {
  readonly bwrap: string;
  readonly setpriv: string;
  readonly choom: string;
  readonly prlimit: string;
}

export type Launcher = 'user-namespace' | 'root';

export interface Confinement {
  readonly programs: ConfiningPrograms;
  /**
   * `user-namespace`: bubblewrap runs as the user already. `root`: for hosts that forbid unprivileged user namespaces;
   * bubblewrap runs as root, and setpriv in its jail changes the user.
   */
  readonly launcher: Launcher;
  /** Who it becomes, if umlmon is root; else it stays umlmon's own user. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /** Files of the host that it may read besides programs. */
  readonly files?: readonly string[];
  readonly limits: {
    /** Bytes of address space (RLIMIT_AS). */
    readonly memory: number;
    /** Bytes of the largest file that it may write (RLIMIT_FSIZE). */
    readonly fileSize: number;
    /** Seconds on a processor (RLIMIT_CPU). */
    readonly cpuTime: number;
    /** RLIMIT_NPROC; counts all processes of the user. */
    readonly processes: number;
  };
  /** Of this process: what it may set at all. */
  readonly hostLimits: HostLimits;
}

/** What a program of the host needs of it: where directories are links to /usr, bubblewrap follows them. */
const hostDirectories = ['/usr', '/bin', '/sbin', '/lib', '/lib64'];
/** What setpriv needs to drop the rest. */
const keptToDrop = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'];
const descriptors = 64;

/**
 * The command line prefix that confines a program. The program has no privilege and no network, and sees no other process.
 * It sees no file but programs, /dev/null and its open descriptors. All of it ends with the first program of the chain.
 */
export function confine({ programs, launcher, user, files = [], limits, hostLimits }: Confinement): string[] {
  const { bwrap, setpriv, choom, prlimit } = programs;
  const asRoot = launcher === 'root';
  const become = user ? becoming(setpriv, user) : [];
  return [
    ...(asRoot ? [] : become),
    bwrap,
    ...(asRoot ? [] : ['--unshare-user']),
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-net', '--unshare-cgroup-try'],
    ...['--new-session', '--die-with-parent', '--cap-drop', 'ALL'],
    ...(asRoot ? keptToDrop.flatMap((capability) => ['--cap-add', capability]) : []),
    ...hostDirectories.flatMap((path) => ['--ro-bind-try', path, path]),
    // Else directories on the way to a file would be bubblewrap's alone.
    ...['/dev', ...files.map((path) => dirname(path))].flatMap((path) => ['--perms', '0755', '--dir', path]),
    ...files.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--dev-bind-try', '/dev/null', '/dev/null', '--proc', '/proc', '--chdir', '/'],
    // Its own root directory is memory, which no limit counts.
    ...['--remount-ro', '/'],
    ...['--clearenv', '--setenv', 'PATH', '/usr/sbin:/sbin:/usr/bin:/bin', '--setenv', 'LC_ALL', 'C', '--'],
    ...(asRoot ? become : []),
    // Where memory runs out on the host, it is the first to go.
    ...[choom, '-n', '1000', '--'],
    // After the change of user, whose other processes would else keep it from being started (EAGAIN of execve(2)).
    ...[prlimit, ...prlimitWords(wantedLimits(limits), hostLimits), '--'],
  ];
}

function wantedLimits({ memory, fileSize, cpuTime, processes }: Confinement['limits']) {
  // A core of one byte: see SandboxPlan.
  return { core: 1, nofile: descriptors, as: memory, fsize: fileSize, cpu: cpuTime, nproc: processes };
}

function becoming(setpriv: string, { uid, gid }: { uid: number; gid: number }): string[] {
  return [
    ...[setpriv, '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups'],
    ...['--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', '--'],
  ];
}
