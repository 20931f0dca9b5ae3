/** What a start needs to know of the host, gathered in one place and in about a millisecond; decides nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, GlobalConfig, VmConfig } from '../../config/config.ts';
import { distrustedSettings } from '../../config/file/untrusted-directories.ts';
import type { Problem } from '../../config/problem.ts';
import type { ImageGraph } from '../../disk/store/graph.ts';
import {
  hostPrograms,
  launcherFiles,
  type NamespaceSupport,
  namespaceSupport,
} from '../../jail/host/host-support.ts';
import { mountWith, type UnrunnableFile, unrunnableFiles } from '../../jail/host/mount-options.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { requirePrivateGroup } from '../../jail/private-group.ts';
import type { LauncherFiles } from '../../jail/sandbox/mounts.ts';
import type { SandboxPrograms } from '../../jail/sandbox/sandbox.ts';
import { ownUser, resolveUser, type VmUser } from '../../jail/user.ts';
import { type HostProcessor, parseCpuFlags } from '../../kernel/host-check.ts';
import { filesOf, type Libraries, resolveLibraries } from '../../kernel/libraries.ts';
import { type KernelProbe, probeKernel } from '../../kernel/probe.ts';
import { foreseeMacs, type MacRequest } from '../../network/mac/mac-pool-file.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { ownLimits } from '../../system/processes/host-limits.ts';
import type { AvailableMemory } from '../../system/processes/memory-cgroup.ts';
import { availableMemory } from '../../system/processes/memory-limits.ts';
import type { HostLimits } from '../../system/processes/resource-limits.ts';
import { closedDirectory } from '../checks/access.ts';
import { imageStoreOf } from '../image-store.ts';
import { backingsOf, type ConfiguredImage, graphFor, lookAtDisk } from './configured-images.ts';
import { lookAtCores } from './core-load.ts';
import type { CoreLoad } from './cores.ts';
import { type Found, find, findLater } from './found.ts';
import { HostLook } from './host-look.ts';
import { recallLpj } from './lpj-cache.ts';
import { lookAtNetwork, type NetworkFacts } from './network-facts.ts';

export interface Inventory {
  /** Of the VM's interfaces, by number. */
  readonly macs: Found<ReadonlyMap<number, string>>;
  /** Whether this process is root. */
  readonly root: boolean;
  readonly user: Found<VmUser>;
  readonly kernel: Found<KernelProbe>;
  /** What the kernel loads; the kernel directory's own, or the host's. */
  readonly libraries: Found<Libraries>;
  /** Files of the kernel on file systems that are mounted noexec. */
  readonly unrunnable: readonly UnrunnableFile[];
  readonly processor: HostProcessor;
  readonly programs: Found<SandboxPrograms>;
  readonly namespaces: NamespaceSupport;
  /** What the root launcher needs inside of the jail; looked for only if it will be used. */
  readonly launcherFiles: Found<LauncherFiles> | undefined;
  /** Of this process; without CAP_SYS_RESOURCE not even root can raise the hard ones. */
  readonly limits: HostLimits;
  /** What host and cgroups can give without swapping. */
  readonly memory: AvailableMemory;
  readonly cores: readonly CoreLoad[];
  /** Directories that the VM's user would have to pass, and cannot: on the way to what the key names. */
  readonly closed: readonly { readonly key: 'kernel' | 'vardir'; readonly directory: string }[];
  /** Directories of the VM on file systems that are mounted read-only, by the keys that name them. */
  readonly unwritable: readonly { readonly key: 'vardir' | 'rundir'; readonly mount: string }[];
  /** Settings with paths that another user could change. */
  readonly distrusted: readonly Problem[];
  /** Delay loop calibration of an earlier boot of this kernel. */
  readonly lpj: number | undefined;
  readonly images: readonly ConfiguredImage[];
  /** The backing files of those that are COW images, as far as they have one. */
  readonly backings: readonly ConfiguredImage[];
  /** All images of the host, and their holders. */
  readonly imageGraph: ImageGraph;
  /** The mount point of the VM's directory, if it is mounted nodev; read only for a VM with a network. */
  readonly nodev: string | undefined;
  /** Read only for a VM with a network. */
  readonly network: Found<NetworkFacts> | undefined;
}

/** The hardware addresses that a VM needs. */
export function macRequest({ global, vms }: Config, vm: VmConfig): MacRequest {
  return {
    varDir: global.vardir,
    vm: vm.name,
    wishes: vm.eth.map(({ unit, mac }) => ({ unit, ...(mac === undefined ? {} : { mac }) })),
    range: global.mac_pool,
    configured: new Set(vms.keys()),
  };
}

/** @param look shared by the inventories of many VMs: facts that they share are read once */
export async function takeInventory(
  config: Config,
  vm: VmConfig,
  layout: VmLayout,
  look = new HostLook(),
): Promise<Inventory> {
  const { global } = config;
  const root = process.geteuid?.() === 0;
  const kernelPath = jailPathOnHost(vm.kernel, layout);
  const kernel = look.once(`kernel ${kernelPath}`, () =>
    find(() => probeKernel(kernelPath, layout.probeCache)),
  );
  const libraries =
    'found' in kernel
      ? look.once(`libraries ${kernelPath}`, () =>
          find(() => resolveLibraries(kernel.found.file, kernel.found.libraryDirectory)),
        )
      : kernel;
  const user = await findLater(() => vmUser(vm, look));
  const namespaces = await look.once('namespaces', () => supportFor(root, user));
  const store = imageStoreOf(layout);
  const graph = look.isOfMany ? await look.graph(store) : await graphFor(vm, store);
  return {
    root,
    user,
    kernel,
    libraries,
    unrunnable:
      'found' in kernel && 'found' in libraries
        ? look.once(`unrunnable ${kernelPath}`, () =>
            unrunnableFiles([kernel.found.file, ...filesOf(libraries.found)]),
          )
        : [],
    processor: hostProcessor(),
    programs: find(hostPrograms),
    namespaces,
    launcherFiles:
      global.userns === 'off' || namespaces.allowed === 'no' ? await findLater(launcherFiles) : undefined,
    limits: look.once('limits', ownLimits),
    memory: look.once('memory', availableMemory),
    cores: look.isOfMany
      ? look.once('cores', () => lookAtCores(layout.coreClaims, ''))
      : lookAtCores(layout.coreClaims, layout.vm),
    closed: 'found' in user ? closedDirectories(user.found, kernel, layout) : [],
    unwritable: unwritableOf(layout),
    distrusted: distrustedOf(global, vm, look),
    lpj:
      'found' in kernel
        ? look.once(`lpj ${kernelPath}`, () => recallLpj(layout.lpjCache, kernel.found.version))
        : undefined,
    images: vm.ubd.map((disk) => lookAtDisk(vm, disk, store, user)),
    backings: backingsOf(vm, graph, user),
    imageGraph: graph,
    nodev: vm.eth.length > 0 ? mountWith('nodev', layout.tunDevice) : undefined,
    network: vm.eth.length > 0 ? await lookAtNetwork(vm, layout, look) : undefined,
    macs: find(() => foreseeMacs(macRequest(config, vm))),
  };
}

/** A VM without hook and backup_dir has what all have. */
function distrustedOf(global: GlobalConfig, vm: VmConfig, look: HostLook): readonly Problem[] {
  if (vm.hook || vm.backup_dir) return distrustedSettings(global, vm);
  return look.once('distrusted', () => distrustedSettings(global, { name: vm.name, backup_dir: '' }));
}

/** As the user of the VM, whom root becomes. Without the programs for a trial, nothing is known, and they are missing anyway. */
async function supportFor(root: boolean, user: Found<VmUser>): Promise<NamespaceSupport> {
  if ('missing' in find(hostPrograms)) return { allowed: 'yes', reason: 'not tried', fix: '' };
  const { uid, gid } = 'found' in user ? user.found : { uid: 65_534, gid: 65_534 };
  return namespaceSupport(root ? { user: { uid, gid } } : {});
}

/**
 * The user of a VM: the configured one, with a group of its own, or else our own. Errors: JAIL_USER_*, JAIL_GROUP_SHARED,
 * HOST_NAMESPACES for another one.
 */
export async function vmUser(vm: VmConfig, look = new HostLook()): Promise<VmUser> {
  const user = await accountOf(vm, look);
  if (process.geteuid?.() === 0) await requirePrivateGroup(user, vm.name);
  return user;
}

/** The same, also with a group that others are in. */
async function accountOf(vm: VmConfig, look = new HostLook()): Promise<VmUser> {
  const own = process.geteuid?.() ?? 0;
  if (own !== 0 && !vm.vmuser) return ownUser();
  const user = await resolveUser(vm.vmuser, look.accounts);
  if (own === 0 || user.uid === own) return user;
  throw new UmlmonError('HOST_NAMESPACES', {
    place: `user ${user.name}`,
    cause: `only root can run a VM as another user; this is uid ${own}`,
    hint: 'remove vmuser from the configuration, or run umlmon as root',
  });
}

let processor: HostProcessor | undefined;

/** Read once: a host's processor does not change. */
export function hostProcessor(): HostProcessor {
  processor ??= {
    machine: process.arch === 'x64' ? 'x86_64' : process.arch,
    flags: parseCpuFlags(readFileSync('/proc/cpuinfo', 'latin1')),
  };
  return processor;
}

/** Jail paths that the configuration may name: /disks is the VM's own, /shared the common tree. */
export function jailPathOnHost(jailPath: string, { disks, shared }: VmLayout): string {
  if (jailPath.startsWith('/disks/')) return join(disks, jailPath.slice('/disks/'.length));
  return join(shared, jailPath.slice('/shared/'.length));
}

/** bubblewrap looks for its sources as the VM's user. */
function closedDirectories(user: VmUser, kernel: Found<KernelProbe>, layout: VmLayout): Inventory['closed'] {
  const ways = [
    { key: 'vardir', path: layout.home },
    ...('found' in kernel ? [{ key: 'kernel', path: kernel.found.file } as const] : []),
  ] as const;
  // One directory may be in several ways: it is one problem.
  const closed = new Map<string, Inventory['closed'][number]>();
  for (const { key, path } of ways) {
    const directory = closedDirectory(path, user);
    if (directory !== undefined && !closed.has(directory)) closed.set(directory, { key, directory });
  }
  return [...closed.values()];
}

function unwritableOf({ home, runDir }: VmLayout): Inventory['unwritable'] {
  const places = [
    { key: 'vardir', path: home },
    { key: 'rundir', path: runDir },
  ] as const;
  return places.flatMap(({ key, path }) => {
    const mount = mountWith('ro', path);
    return mount === undefined ? [] : [{ key, mount }];
  });
}
