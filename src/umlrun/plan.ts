/** Pure. */
import { posix } from 'node:path';
import type { KernelArgument } from '../config/values/kernel-argument.ts';
import { limitsOfJail } from '../jail/sandbox/limits.ts';
import { kernelInJail, kernelMounts, mountPointsOnly } from '../jail/sandbox/mounts.ts';
import { type Bind, hasLargeIds, type SandboxPlan } from '../jail/sandbox/sandbox.ts';
import type { FilterRequest } from '../jail/sandbox/seccomp.ts';
import { kernelArguments } from '../kernel/command-line.ts';
import { librariesInJail } from '../plan/build-plan.ts';
import type { Host } from './host/host.ts';
import type { RunImage } from './host/image.ts';
import { fds } from './streams/descriptors.ts';

/**
 * The init of the guest, in a tmpfs. RUNDIR has all other files of a run, but most hosts mount it noexec, and then the
 * guest cannot execute files there either.
 */
const initInJail = '/guest/bin/init';

/** RLIMIT_NPROC and RLIMIT_NOFILE, where the host permits as much. */
const most = { processes: 4096, files: 65_536 };

export interface RunPlanParts {
  readonly host: Host;
  /** Of this run alone, beside that of the user. */
  readonly group: number | undefined;
  /** Host directory that becomes the root of the jail. */
  readonly jail: string;
  /** Bytes of guest memory. */
  readonly memory: number;
  readonly cpus: readonly number[];
  readonly image: Pick<RunImage, 'disk' | 'binds'> | undefined;
  /** Whether there are binds in /share. */
  readonly shares: boolean;
  /** Of the kernel, for its interface; undefined without a network. */
  readonly network: KernelArgument | undefined;
  /** Of the guest's first root, root directory and shares. */
  readonly binds: readonly Bind[];
  /** Of the guest, on the host; and its descriptor in the chain, open for reading. */
  readonly init: { readonly from: string; readonly fd: number };
}

/** The sandbox of a run: memory, kernel, image, directories, and nothing else of the host. Pure. */
export function planSandbox({
  host,
  group,
  jail,
  memory,
  cpus,
  image,
  shares,
  network,
  binds,
  init,
}: RunPlanParts): SandboxPlan {
  const { launcher, kernel, lpj, limits } = host;
  const mounts = kernelMounts({
    launcher,
    kernel: kernel.file,
    libraries: librariesInJail(host.libraries),
    copied: host.copied,
    memory,
    ...(host.launcherFiles ? { launcherFiles: host.launcherFiles } : {}),
  });
  return {
    programs: host.programs,
    launcher,
    ...(host.root
      ? { user: { uid: host.user.uid, gid: host.user.gid, groups: group === undefined ? [] : [group] } }
      : {}),
    ...(hasLargeIds(host.user) ? { largeIds: true } : {}),
    limits: limitsOfJail(most, limits),
    ...(cpus.length > 0 ? { cpus: cpus.join(',') } : {}),
    ...(network === undefined ? { network: 'none' } : { network: 'own', rootInside: true }),
    ...(hasGate(host) ? { gateFd: fds.gate } : {}),
    tied: true,
    ...(host.unshare === undefined ? {} : { unshare: host.unshare }),
    root: jail,
    // The jail itself has no room for mount points of any number.
    tmpfs: [
      ...mounts.tmpfs,
      { path: posix.dirname(initInJail), ...mountPointsOnly },
      ...(shares ? [{ path: '/share', ...mountPointsOnly }] : []),
    ],
    copies: [...mounts.copies, { from: init.from, to: initInJail, fd: init.fd }],
    binds: [...mounts.binds, ...(image?.binds ?? []), ...binds].map((bind) => {
      const fd = host.opened.get(bind.from);
      return fd === undefined ? bind : { ...bind, fd };
    }),
    environment: { TMPDIR: '/tmp' },
    seccompFd: fds.seccomp,
    statusFd: fds.status,
    cwd: '/',
    command: [
      kernelInJail,
      ...kernelArguments({
        name: 'umlrun',
        memory,
        // A directory of the host at first; its init mounts the real root.
        root: '/dev/root',
        rootMode: 'ro',
        disks: image
          ? [
              {
                unit: 0,
                ...image.disk,
                readOnly: false,
                sync: false,
                kernelLock: true,
                trim: true,
                serial: '',
              },
            ]
          : [],
        consoles: [
          { channel: 'con0', input: 0, output: 1 },
          { channel: 'ssl0', input: fds.line, output: fds.line },
        ],
        networks: network === undefined ? [] : [network],
        umlDirectory: '/tmp/',
        umid: 'umlrun',
        fastBoot: true,
        ...(lpj === undefined ? {} : { loopsPerJiffy: lpj }),
        append: [
          ...['rootfstype=hostfs', 'rootflags=/guest', `init=/${posix.relative('/guest', initInJail)}`],
          // Without an earlier calibration, the kernel's messages must contain it.
          ...(lpj === undefined ? [] : ['quiet']),
        ],
      }),
    ],
  };
}

/** Below directories there may be other file systems; a network is connected before the kernel starts. */
export function hasGate({ unshare, networkPrograms }: Host): boolean {
  return unshare !== undefined || networkPrograms !== undefined;
}

export function filterOf({ launcher, networkPrograms }: Host): FilterRequest {
  const families = networkPrograms ? (['packet'] as const) : [];
  return {
    architecture: process.arch,
    // Its management console stays closed.
    unix: 'none',
    families,
    rootLauncher: launcher === 'root',
    hostNetwork: false,
  };
}
