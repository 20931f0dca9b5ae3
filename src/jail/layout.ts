/** Where the files of one VM are on the host, and their access rights. */
import { join } from 'node:path';
import { UmlmonError } from '../system/errors/errors.ts';

export interface LayoutRoots {
  /** VARDIR: what lasts. */
  readonly varDir: string;
  /** RUNDIR: what VMs, tools and umldir exchange, and can do without. It may vanish under way. */
  readonly runDir: string;
  /** The tree that all VMs see at /shared; by default VARDIR/shared. */
  readonly shared?: string;
  /** The directory for the backups of several VMs, a directory each; by default VARDIR/VM/backups. */
  readonly backups?: string;
}

/** Host paths of one VM. */
export interface VmLayout {
  readonly vm: string;
  readonly varDir: string;
  readonly runDir: string;
  readonly shared: string;

  /**
   * VARDIR/VM, the working directory of the monitor: `run/uml/…` then means the same file here and in the jail. Locks,
   * records and sockets of a VM that runs lie here, beside its data: RUNDIR may be removed, or differ between two sessions.
   */
  readonly home: string;
  /** The directory of the sockets. */
  readonly run: string;
  /** The control socket. */
  readonly ctrl: string;
  readonly metrics: string;
  /** What the VM's users changed of its configuration. */
  readonly config: string;
  readonly logDir: string;
  /** How the last guest ended. */
  readonly lastExit: string;
  /** How the last monitor ended. */
  readonly monitorEnd: string;
  /** The unexpected exits since the last manual start. */
  readonly deaths: string;
  /** Crash bundles: one directory for each unexpected exit. */
  readonly crashes: string;
  /** One of them while it is written or removed. */
  readonly crashDraft: string;
  /** Copies of the images; only the monitor's user may enter. */
  readonly backups: string;
  /** One of them while it is written or removed. */
  readonly backupDraft: string;
  /** What a restore is about to do, so that it is done, or undone, whatever happens to the monitor. */
  readonly restoreJournal: string;
  /** The root directory of the kernel. */
  readonly jail: string;
  /** The VM's images; /disks in the jail. */
  readonly disks: string;

  /** The kernel's own sockets (uml_dir); /run/uml in the jail. */
  readonly runUml: string;
  /** The kernel's management socket (uml_dir, umid and a fixed name). */
  readonly mconsole: string;
  /** The monitor's sockets; /run/mon in the jail. */
  readonly runMon: string;
  /** State that a monitor leaves for the next monitor. */
  readonly runRecord: string;
  /** Exists while the kernel is paused for a backup. */
  readonly pauseRecord: string;
  /**
   * How far the consoles have been read: mapped into memory, and so in RUNDIR, whose file system writes to no disk. Without it,
   * the next monitor reports that output may be missing.
   */
  readonly marks: string;
  /** What is left of former starts, on its way out. */
  readonly trash: string;
  /** Held by the monitor. */
  readonly monitorLock: string;
  /** Locked by the process that runs or changes the VM. */
  readonly vmLock: string;
  /** Where bubblewrap reports its child and the exit status, for this monitor and the next one. */
  readonly status: string;
  /** Which cores the VMs of this host are pinned to. */
  readonly coreClaims: string;
  /** Which images the VMs and tools of this host hold. */
  readonly imageHolders: string;
  /** What the VMs of this host have set up of its network. */
  readonly networkRecords: string;
  /** /dev/net/tun of the jail, there while the VM has a tap. */
  readonly tunDevice: string;
  /** For users and their scripts; umlmon never reads it. */
  readonly pidFile: string;

  /** Delay loop calibration of this host. */
  readonly lpjCache: string;
  /** What is known of the kernels of this host. */
  readonly probeCache: string;
}

/** The longest umid that the kernel takes (arch/um/os-Linux/umid.c). */
const NAME_MAX = 63;

/**
 * The paths of a VM.
 *
 * @throws UmlmonError JAIL_VM_NAME if the name could lead out of the two directories or to a file of another VM
 */
export function layoutOf(vm: string, roots: LayoutRoots): VmLayout {
  checkName(vm);
  const { varDir, runDir, shared = join(varDir, 'shared') } = roots;
  const home = join(varDir, vm);
  const jail = join(home, 'jail');
  const backups = roots.backups ? join(roots.backups, vm) : join(home, 'backups');
  const run = join(home, 'run');
  return Object.freeze({
    vm,
    varDir,
    runDir,
    shared,
    home,
    ctrl: join(home, 'ctrl'),
    metrics: join(home, 'metrics'),
    config: join(home, 'config'),
    logDir: join(home, 'log'),
    lastExit: join(home, 'log/last-exit.json'),
    monitorEnd: join(home, 'log/monitor-end.json'),
    deaths: join(home, 'log/deaths.json'),
    crashes: join(home, 'crashes'),
    crashDraft: join(home, 'crashes/.draft'),
    backups,
    backupDraft: join(backups, '.draft'),
    restoreJournal: join(home, 'restore.json'),
    jail,
    disks: join(jail, 'disks'),
    run,
    runUml: join(run, 'uml'),
    mconsole: join(run, 'uml', vm, 'mconsole'),
    runMon: join(run, 'mon'),
    runRecord: join(home, 'run.json'),
    pauseRecord: join(home, 'pause.json'),
    marks: join(runDir, `${vm}.marks`),
    trash: join(home, 'trash'),
    monitorLock: join(home, 'monitor.lock'),
    vmLock: join(home, 'vm.lock'),
    status: join(home, 'status'),
    coreClaims: join(runDir, '.cores'),
    imageHolders: join(varDir, '.images'),
    networkRecords: join(varDir, '.network'),
    tunDevice: join(jail, 'dev/net/tun'),
    pidFile: join(runDir, `${vm}.pid`),
    lpjCache: join(varDir, '.cache/lpj'),
    probeCache: join(varDir, '.cache/kernels'),
  });
}

function checkName(vm: string): void {
  const cause =
    vm.length > NAME_MAX || !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(vm)
      ? `“${vm.slice(0, NAME_MAX)}” is not a VM name`
      : vm === 'shared' || vm.endsWith('.pid')
        ? `“${vm}” is reserved by umlmon`
        : undefined;
  if (cause === undefined) return;
  const hint = `use 1 to ${NAME_MAX} letters, digits and _ . -, starting with a letter or digit; not “shared”, not “….pid”`;
  throw new UmlmonError('JAIL_VM_NAME', { place: 'VM name', cause, hint });
}

/** A directory that must exist before the start. `root` is the monitor's own user where umlmon is not root. */
export interface JailDirectory {
  readonly path: string;
  readonly mode: number;
  readonly owner: 'root' | 'vm';
  readonly group: 'root' | 'vm';
}

/** Directories of the jail that bubblewrap mounts upon: it cannot make them, since the jail's root is read-only. */
const mountPoints = [
  'dev',
  'dev/net',
  'kernel',
  'launch',
  'lib',
  'lib64',
  'run',
  'run/mon',
  'run/uml',
  'shared',
  'tmp',
];

/**
 * The directories of a VM, parents first. bubblewrap runs as the VM's user and must reach the jail and both run
 * directories. No other user may: so the mode is 0750 and the VM's group, which has no other members. Locks, status and
 * configuration have mode 0600, in directories that this user can enter but not list. No directory is inside one that
 * the VM's user owns, so that user can never plant a link on the way.
 *
 * @param root whether umlmon is root. Without, monitor and VM are one user: no group needs access, and that of the user
 * may belong to other users.
 */
export function jailDirectories(layout: VmLayout, root: boolean): readonly JailDirectory[] {
  return root ? directoriesOfRoot(layout) : directoriesOfRoot(layout).map(withoutGroup);
}

/** What all may pass, the group may pass, too. */
function withoutGroup(directory: JailDirectory): JailDirectory {
  return (directory.mode & 0o007) === 0 ? { ...directory, mode: directory.mode & 0o700 } : directory;
}

function directoriesOfRoot(layout: VmLayout): readonly JailDirectory[] {
  const open = (path: string): JailDirectory => ({ path, mode: 0o755, owner: 'root', group: 'root' });
  const passable = (path: string): JailDirectory => ({ path, mode: 0o711, owner: 'root', group: 'root' });
  const shown = (path: string): JailDirectory => ({ path, mode: 0o750, owner: 'root', group: 'vm' });
  const owned = (path: string): JailDirectory => ({ path, mode: 0o700, owner: 'vm', group: 'vm' });
  return [
    open(layout.varDir),
    { path: join(layout.varDir, '.cache'), mode: 0o700, owner: 'root', group: 'root' },
    ...(layout.shared.startsWith(`${layout.varDir}/`) ? [open(layout.shared)] : []),
    passable(layout.home),
    { path: layout.logDir, mode: 0o750, owner: 'root', group: 'root' },
    { path: layout.crashes, mode: 0o750, owner: 'root', group: 'root' },
    shown(layout.jail),
    shown(layout.disks),
    ...mountPoints.map((name) => shown(join(layout.jail, name))),
    open(layout.runDir),
    { path: layout.coreClaims, mode: 0o700, owner: 'root', group: 'root' },
    { path: layout.imageHolders, mode: 0o700, owner: 'root', group: 'root' },
    { path: layout.networkRecords, mode: 0o700, owner: 'root', group: 'root' },
    shown(layout.run),
    owned(layout.runUml),
    shown(layout.runMon),
  ];
}
