/** What a run needs of the host: directories, user, kernel, programs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostDefaults, readConfig } from '../../config/file/locate.ts';
import { parseHostDirectory, usualPlaceRefusal } from '../../config/paths.ts';
import { configError } from '../../config/problem.ts';
import { hostPrograms, launcherFiles, namespaceSupport } from '../../jail/host/host-support.ts';
import { unrunnableFiles } from '../../jail/host/mount-options.ts';
import { tooSmall } from '../../jail/sandbox/limits.ts';
import { type CopiedFile, copiesBytes, type LauncherFiles, tmpfsBytes } from '../../jail/sandbox/mounts.ts';
import type { SandboxPlan, SandboxPrograms } from '../../jail/sandbox/sandbox.ts';
import { ownUser, resolveUser, type VmUser } from '../../jail/user.ts';
import { checkKernel, parseCpuFlags } from '../../kernel/host-check.ts';
import { filesOf, type Libraries, resolveLibraries } from '../../kernel/libraries.ts';
import { type KernelProbe, probeKernel } from '../../kernel/probe.ts';
import { inspectTun } from '../../network/host/host-network.ts';
import { type NetworkPrograms, networkPrograms } from '../../network/network-programs.ts';
import { checkTun } from '../../plan/checks/check-forward.ts';
import { recallLpj } from '../../plan/facts/lpj-cache.ts';
import { isErrorCode, UmlmonError } from '../../system/errors/errors.ts';
import type { OpenedPath } from '../../system/files/walk-path.ts';
import { capabilityHint } from '../../system/native/capabilities.ts';
import { findProgram } from '../../system/processes/find-program.ts';
import { ownLimits } from '../../system/processes/host-limits.ts';
import { memoryOwner } from '../../system/processes/memory-cgroup.ts';
import { availableMemory } from '../../system/processes/memory-limits.ts';
import type { HostLimits } from '../../system/processes/resource-limits.ts';
import type { RunRequest } from '../arguments.ts';
import type { Roots } from '../run-directory.ts';
import { fds } from '../streams/descriptors.ts';
import { type GivenFiles, openGiven } from './given.ts';

export interface Host {
  readonly root: boolean;
  readonly user: VmUser;
  readonly kernel: KernelProbe;
  readonly libraries: Libraries;
  readonly programs: SandboxPrograms;
  readonly launcher: SandboxPlan['launcher'];
  readonly launcherFiles: LauncherFiles | undefined;
  readonly limits: HostLimits;
  readonly lpj: number | undefined;
  /** Only for a run with a network. */
  readonly networkPrograms: NetworkPrograms | undefined;
  /** Of the kernel's own files on the host, the numbers of their descriptors in the chain. */
  readonly opened: ReadonlyMap<string, number>;
  /** Those of them that are copied into the jail, as they lie where nothing may be executed. */
  readonly copied: ReadonlyMap<string, CopiedFile>;
  /** Path of unshare(1), for a run with directories of the host. */
  readonly unshare: string | undefined;
  /** Host path of the kernel's module for overlays. */
  readonly overlay: string | undefined;
}

/** Directories as the configuration has them; none is needed. Errors: CONFIG_*. */
export function findRoots(configPath: string | undefined): Roots & { userns: 'auto' | 'off' } {
  const request = {
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
  };
  const { config, problems } = readConfig(request);
  if (config) {
    const { vardir: varDir, rundir: runDir, shared, userns } = config.global;
    return { varDir, runDir, shared, userns };
  }
  const mistakes = problems.filter(({ severity }) => severity === 'error');
  const missing = mistakes.every(({ code }) => code === 'CONFIG_MISSING');
  if (!missing || configPath !== undefined || process.env.UMLMON_CONFIG) throw configError(mistakes);
  const { vardir, rundir } = hostDefaults(request);
  requireUsable(vardir, 'vardir');
  requireUsable(rundir, 'rundir');
  return { varDir: vardir, runDir: rundir, shared: join(vardir, 'shared'), userns: 'auto' };
}

/** Without a configuration they come from the environment. Errors: CONFIG_PATH. */
function requireUsable(directory: string, key: 'vardir' | 'rundir'): void {
  const parsed = parseHostDirectory(directory);
  if ('value' in parsed) return;
  const { code, ...why } = usualPlaceRefusal(key, parsed);
  throw new UmlmonError(code, { place: key, ...why });
}

export const lpjCacheOf = ({ varDir }: Roots) => join(varDir, '.cache/lpj');

/** @throws UmlmonError of the first thing that is missing */
export async function inspectRunHost(
  request: RunRequest,
  { userns, files, ...roots }: Roots & { userns: 'auto' | 'off'; files: GivenFiles },
): Promise<Host> {
  const root = process.geteuid?.() === 0;
  const user = await userOf(request, root);
  refuseWithoutCapabilities(request, user);
  const kernel = probeKernel(
    request.kernel ?? join(roots.shared, 'kernels/linux'),
    join(roots.varDir, '.cache/kernels'),
  );
  const [unfit] = checkKernel(kernel, {
    machine: process.arch === 'x64' ? 'x86_64' : process.arch,
    flags: parseCpuFlags(readFileSync('/proc/cpuinfo', 'latin1')),
  });
  if (unfit) throw new UmlmonError(isErrorCode(unfit.code) ? unfit.code : 'HOST_SYSTEM_CALL', unfit);
  const unshare =
    request.root === undefined && request.shares.length === 0
      ? undefined
      : findProgram('unshare', 'util-linux');
  const launcher = await launcherOf(root, userns, {
    ...(root ? { user: { uid: user.uid, gid: user.gid } } : {}),
    ...(unshare === undefined ? {} : { unshare }),
  });
  const libraries = resolveLibraries(kernel.file, kernel.libraryDirectory);
  const executed = [kernel.file, ...filesOf(libraries)];
  const unrunnable = unrunnableFiles(executed);
  const available = availableMemory();
  const needed = tmpfsBytes(request.memory) + copiesBytes(unrunnable.map(({ bytes }) => bytes));
  if (needed > available.bytes)
    throw new UmlmonError('HOST_MEMORY', {
      place: '-mem',
      cause: `the VM may need ${mebibytes(needed)} MiB, but only ${mebibytes(available.bytes)} MiB are available: ${memoryOwner(available.cgroup)}`,
      hint: 'give the VM less memory: -mem',
    });
  const limits = ownLimits();
  const small = tooSmall(limits, needed);
  if (small) throw new UmlmonError('HOST_LIMIT', { place: 'ulimit', ...small });
  const overlay = request.root === undefined ? undefined : overlayOf(kernel.moduleDirectory);
  const opened = new Map(
    [...executed, ...(overlay ? [overlay] : [])].map((path) => [path, openOfKernel(path, user, files)]),
  );
  const copied = unrunnable.flatMap(({ path, bytes }) => {
    const file = opened.get(path);
    return file ? [[path, { fd: files.addReadable(file, fds.binds), bytes }] as const] : [];
  });
  return {
    root,
    user,
    kernel,
    libraries,
    opened: new Map([...opened].map(([path, file]) => [path, files.numberOf(file, fds.binds)])),
    copied: new Map(copied),
    programs: hostPrograms(),
    launcher,
    launcherFiles: launcher === 'root' ? await launcherFiles() : undefined,
    limits,
    lpj: recallLpj(lpjCacheOf(roots), kernel.version),
    networkPrograms: request.network === 'user' ? userNetworkPrograms(launcher) : undefined,
    unshare,
    overlay,
  };
}

/** Before anything is started: a kernel that cannot be ended would be left behind. */
function refuseWithoutCapabilities({ root, shares }: RunRequest, user: VmUser): void {
  if (user.uid === process.geteuid?.()) return;
  const directories = root !== undefined || shares.length > 0;
  const hint = capabilityHint(['CAP_KILL', ...(directories ? (['CAP_SYS_ADMIN'] as const) : [])]);
  if (hint)
    throw new UmlmonError('HOST_SYSTEM_CALL', {
      place: 'umlrun',
      cause: `root lacks capabilities that a VM of user ${user.name} needs`,
      hint,
    });
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2);
}

function openOfKernel(path: string, user: VmUser, files: GivenFiles): OpenedPath {
  const errors = { place: path, missing: 'KERNEL_MISSING', closed: 'KERNEL_ACCESS' } as const;
  return files.add(openGiven(path, user, errors));
}

async function userOf({ user }: RunRequest, root: boolean): Promise<VmUser> {
  if (root) return resolveUser(user ?? 'nobody');
  if (user === undefined) return ownUser();
  throw new UmlmonError('HOST_NAMESPACES', {
    place: `-user ${user}`,
    cause: 'only root can run a VM as another user',
    hint: 'omit -user',
  });
}

async function launcherOf(
  root: boolean,
  userns: 'auto' | 'off',
  plan: Pick<SandboxPlan, 'user' | 'unshare'>,
): Promise<SandboxPlan['launcher']> {
  if (userns === 'off' && root) return 'root';
  const { allowed, reason, fix } = await namespaceSupport(plan);
  if (userns === 'auto' && allowed !== 'no') return 'user-namespace';
  if (root) return 'root';
  throw new UmlmonError('HOST_NAMESPACES', {
    place: 'umlrun',
    cause:
      userns === 'off' ? 'the configuration says userns = off' : `only root can create a jail: ${reason}`,
    hint: userns === 'off' ? 'run umlrun as root' : `${fix}; or run umlrun as root`,
  });
}

/** Errors: HOST_PROGRAM_MISSING, HOST_NAMESPACES, NETWORK_HOST. */
function userNetworkPrograms(launcher: SandboxPlan['launcher']): NetworkPrograms {
  const place = '-net user';
  if (launcher === 'root')
    throw new UmlmonError('HOST_NAMESPACES', {
      place,
      cause: 'it needs user namespaces, which this run does not use',
      hint: 'omit -net, or have the administrator permit user namespaces',
    });
  const programs = networkPrograms({ rules: false, legs: false, user: true });
  const { tun, tunForAll, tunFault } = inspectTun();
  const [why] = checkTun(tunFault);
  if (why) throw new UmlmonError(why.code, { place, cause: why.cause, hint: why.hint });
  // Without root, this process is the user of the VM: it has tried.
  if (!(process.geteuid?.() === 0 ? tunForAll : tun))
    throw new UmlmonError('NETWORK_HOST', {
      place,
      cause: 'pasta runs as the user of the VM, who cannot open /dev/net/tun',
      hint: 'set the usual permissions: modprobe tun; chmod 666 /dev/net/tun',
    });
  return programs;
}

function overlayOf(modules: string | undefined): string | undefined {
  if (modules === undefined) return undefined;
  return readdirSync(modules)
    .map((version) => join(modules, version, 'kernel/fs/overlayfs/overlay.ko'))
    .find((path) => existsSync(path));
}
