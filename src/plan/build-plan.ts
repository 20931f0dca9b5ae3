/** Pure. */
import { posix } from 'node:path';
import { namespaceOf } from '../config/checks/check-networks.ts';
import type { GlobalConfig, VmConfig } from '../config/config.ts';
import type { TransportNeeds } from '../config/networks/transports.ts';
import type { Problem } from '../config/problem.ts';
import { backingFor } from '../disk/commands/may-use.ts';
import { imagePathOnHost } from '../disk/names/image-name.ts';
import { jailDirectories, type VmLayout } from '../jail/layout.ts';
import { limitsOfJail } from '../jail/sandbox/limits.ts';
import { jailMounts, kernelInJail } from '../jail/sandbox/mounts.ts';
import { hasLargeIds, type SandboxPlan, sandboxArguments } from '../jail/sandbox/sandbox.ts';
import type { FilterRequest } from '../jail/sandbox/seccomp.ts';
import { kernelArguments } from '../kernel/command-line.ts';
import type { Libraries } from '../kernel/libraries.ts';
import { type NetworkRequest, planInterfaces } from '../network/plan/interface-plan.ts';
import { kernelLimits } from '../system/limits/limits.ts';
import { checkHost } from './checks/check-host.ts';
import { bindFdOf, descriptorsOf, fdOf } from './descriptors.ts';
import { chooseCore } from './facts/cores.ts';
import type { Inventory } from './facts/inventory.ts';
import { imageStoreOf } from './image-store.ts';
import type { ConsolePlan, ImagePlan, LaunchPlan, LogPlan, Step, StepOf } from './plan.ts';

/** Longest time from exec until the kernel must have announced itself; usual are 10 to 100 ms. */
const kernelUpMs = kernelLimits.upTime;
/** RLIMIT_NOFILE: with seccomp=on the kernel needs one descriptor per guest process. */
const { openFiles } = kernelLimits;

export interface BuiltPlan {
  /** Absent if there is an error among the problems. */
  readonly plan?: LaunchPlan;
  readonly problems: readonly Problem[];
}

/** Configuration and host as a launch plan, or all reasons why there can be none. Pure. */
export function buildPlan(global: GlobalConfig, vm: VmConfig, layout: VmLayout, host: Inventory): BuiltPlan {
  const problems = checkHost(global, vm, layout, host);
  const { user, kernel, libraries, programs } = host;
  if (problems.some(({ severity }) => severity === 'error')) return { problems };
  if ('missing' in user || 'missing' in kernel || 'missing' in libraries || 'missing' in programs)
    throw new Error('a fact is missing, but no problem was reported');

  const consoles = consolePlans(vm);
  const images = imagePlans(vm, host);
  const passed = vm.eth.flatMap((spec) => (spec.kind === 'fd' ? [spec.fd] : []));
  // Never both: the configuration is refused then.
  const hostNetwork = vm.eth.some((spec) => namespaceOf(spec) === 'host');
  const ownNetwork = vm.eth.some((spec) => namespaceOf(spec) === 'own');
  const descriptors = descriptorsOf(consoles, images, {
    gate: ownNetwork,
    passed,
    copied: host.unrunnable.map(({ path }) => path),
  });
  const network = networkPlan(vm, layout, host, {
    uid: user.found.uid,
    kernel: kernel.found,
    descriptors: new Map(
      descriptors.flatMap(({ fd, ...one }) => (one.is === 'passed' ? [[one.name, fd]] : [])),
    ),
  });
  const needs = network?.interfaces.map((one) => one.needs) ?? [];
  const cpus = coresOf(vm, host);
  const launcher =
    host.root && (global.userns === 'off' || host.namespaces.allowed === 'no') ? 'root' : 'user-namespace';
  const kernelWords = kernelArguments({
    name: vm.name,
    memory: vm.mem,
    root: vm.root.device,
    rootMode: vm.root_mode,
    disks: images.map(({ backing, ...disk }) => ({
      ...disk,
      ...(backing ? { backing: backing.jailPath } : {}),
    })),
    consoles: consoles.map(({ channel }) => {
      const fd = fdOf(descriptors, 'slave', channel);
      return { channel, input: fd, output: fd === 0 ? 1 : fd };
    }),
    networks: (network?.interfaces ?? []).map(({ argument }) => argument),
    umlDirectory: '/run/uml/',
    umid: vm.name,
    notify: '/run/mon/notify',
    fastBoot: vm.fast_boot,
    ...(host.lpj === undefined ? {} : { loopsPerJiffy: host.lpj }),
    append: vm.append,
  });
  const launcherFiles = host.launcherFiles;
  const files = images.flatMap(({ unit, jailPath, readOnly, backing }) => [
    { jailPath, written: !readOnly, fd: bindFdOf(descriptors, unit) },
    ...(backing ? [{ jailPath: backing.jailPath, written: false, fd: undefined }] : []),
  ]);
  const sandbox: SandboxPlan = {
    programs: programs.found,
    launcher,
    ...(host.root ? { user: { uid: user.found.uid, gid: user.found.gid } } : {}),
    ...(hasLargeIds(user.found) ? { largeIds: true } : {}),
    limits: limitsOfJail({ processes: vm.max_processes, files: openFiles }, host.limits),
    ...(cpus.length > 0 ? { cpus: cpus.join(',') } : {}),
    // A tap can be opened only in the network namespace that it is in.
    network: hostNetwork ? 'host' : ownNetwork ? 'own' : 'none',
    ...(vm.eth.some(({ kind }) => kind === 'user') ? { rootInside: true } : {}),
    ...(ownNetwork ? { gateFd: fdOf(descriptors, 'gate') } : {}),
    root: layout.jail,
    ...jailMounts({
      layout,
      launcher,
      kernel: kernel.found.file,
      ...(kernel.found.moduleDirectory === undefined ? {} : { modules: kernel.found.moduleDirectory }),
      libraries: librariesInJail(libraries.found),
      copied: new Map(
        descriptors.flatMap((one) => {
          if (one.is !== 'copy') return [];
          const bytes = host.unrunnable.find(({ path }) => path === one.path)?.bytes ?? 0;
          return [[one.path, { fd: one.fd, bytes }] as const];
        }),
      ),
      memory: vm.mem,
      writableShared: files
        .filter(
          ({ jailPath, written }) =>
            jailPath.startsWith('/shared/') && (written || jailPath.endsWith('.dev')),
        )
        .map(({ jailPath, fd }) => ({
          path: posix.relative('/shared', jailPath),
          ...(fd === undefined ? {} : { fd }),
        })),
      tun: needs.some(({ devices }) => devices.length > 0) ? tunOf(host) : undefined,
      devices: files.some(({ jailPath }) => /^\/disks\/.*\.dev$/.test(jailPath)),
      ...(launcher === 'root' && launcherFiles && 'found' in launcherFiles
        ? { launcherFiles: launcherFiles.found }
        : {}),
    }),
    environment: { TMPDIR: '/tmp' },
    seccompFd: fdOf(descriptors, 'seccomp'),
    statusFd: fdOf(descriptors, 'status'),
    cwd: '/',
    command: [kernelInJail, ...kernelWords],
  };
  const filter: FilterRequest = {
    architecture: process.arch,
    unix: needs.some(({ socketFamilies }) => socketFamilies.includes('AF_UNIX')) ? 'connect' : 'datagram',
    families: [...new Set(needs.flatMap(({ socketFamilies }) => socketFamilies.flatMap(familyOf)))],
    rootLauncher: launcher === 'root',
    hostNetwork,
    rawSockets: ownNetwork,
  };
  const steps: Step[] = [
    { do: 'make-directories', directories: jailDirectories(layout, host.root) },
    { do: 'lock-vm', path: layout.vmLock },
    { do: 'lock-images', images, store: imageStoreOf(layout), syncMs: vm.sync_interval },
    { do: 'claim-cores', directory: layout.coreClaims, cores: cpus },
    ...(network ? [network] : []),
    { do: 'empty-directory', path: layout.runUml, trash: layout.trash },
    { do: 'open-consoles', consoles, log: logPlan(vm, layout) },
    { do: 'listen-notify', path: 'run/mon/notify' },
    { do: 'record', path: layout.runRecord },
    { do: 'launch', argv: sandboxArguments(sandbox), statusFile: layout.status, filter, descriptors },
    {
      do: 'await-kernel',
      withinMs: kernelUpMs,
      mconsole: `run/uml/${vm.name}/mconsole`,
      reply: 'run/mon/reply',
    },
  ];
  const { file, version } = kernel.found;
  return {
    plan: {
      vm: vm.name,
      user: user.found,
      kernel: { file, version, arguments: kernelWords },
      mem: vm.mem,
      cpus,
      sandbox,
      steps,
    },
    problems,
  };
}

/** The loader where the kernel's ELF wants it, its libraries where the loader looks last. */
export function librariesInJail({ interpreter, libraries }: Libraries) {
  return [
    ...(interpreter ? [{ from: interpreter.hostPath, to: interpreter.jailPath }] : []),
    ...libraries.map(({ name, hostPath }) => ({ from: hostPath, to: `/lib/${name}` })),
  ];
}

/** The channels of a VM in the order of the kernel's numbers; con0 is always the first. */
export function consolePlans(vm: VmConfig): ConsolePlan[] {
  const named = (prefix: string, channels: VmConfig['con']) =>
    channels.map(({ unit, log }) => ({ channel: `${prefix}${unit}`, logged: log }));
  return [...named('con', vm.con), ...named('ssl', vm.ssl)];
}

export function logPlan(vm: VmConfig, layout: VmLayout): LogPlan {
  return { directory: layout.logDir, size: vm.log_size, count: vm.log_count };
}

function familyOf(family: TransportNeeds['socketFamilies'][number]): FilterRequest['families'][number][] {
  const names = { AF_UNIX: [], AF_INET: ['inet'], AF_INET6: ['inet6'], AF_PACKET: ['packet'] } as const;
  return [...names[family]];
}

/** Where vardir has room for no device (nodev), there is only the host's. */
function tunOf({ nodev }: Inventory): 'own' | 'host' {
  return nodev === undefined ? 'own' : 'host';
}

/** The step for the interfaces of a VM that passed all checks; undefined if it has none. */
export function networkPlan(
  vm: VmConfig,
  layout: VmLayout,
  host: Inventory,
  request: Pick<NetworkRequest, 'uid' | 'kernel' | 'descriptors'>,
): StepOf<'configure-network'> | undefined {
  const { network, macs } = host;
  if (!network) return undefined;
  if ('missing' in network || 'missing' in macs)
    throw new Error('the network of the host is unknown, but no problem was reported');
  return {
    do: 'configure-network',
    interfaces: planInterfaces(
      {
        vm: vm.name,
        home: layout.home,
        owner: layout.networkRecords,
        ...request,
        macs: macs.found,
        interfaces: vm.eth,
      },
      network.found,
    ),
    programs: network.found.programs,
    record: { directory: layout.networkRecords, vm: vm.name },
    device: { path: layout.tunDevice, uid: request.uid, from: tunOf(host) },
  };
}

/** The files behind the disks of a VM that passed all checks. */
export function imagePlans(vm: VmConfig, { images, imageGraph }: Inventory): ImagePlan[] {
  return vm.ubd.flatMap(({ unit, path, kind, backing: said, ...disk }) => {
    const image = images.find((candidate) => candidate.unit === unit);
    if (!image || 'missing' in image.facts) return [];
    const { hostPath, id } = image.facts.found;
    const { readOnly, sync, kernelLock, trim, serial } = disk;
    const plan = { unit, jailPath: path, hostPath, id, readOnly, sync, kernelLock, trim, serial };
    if (kind !== 'cow') return [plan];
    const backing = backingFor(imageGraph, {
      image: image.name,
      ...(said === undefined ? {} : { backing: said }),
    });
    if ('cause' in backing) throw new Error(`${path} has no backing file, but no problem was reported`);
    const { name } = backing;
    return [
      {
        ...plan,
        backing: {
          jailPath: name.path,
          hostPath: imagePathOnHost(name, imageGraph.store),
          id: backing.image.id,
        },
      },
    ];
  });
}

function coresOf({ cpu, name }: VmConfig, { cores }: Inventory): readonly number[] {
  if (cpu === 'none') return [];
  if (cpu !== 'auto') return cpu;
  const core = chooseCore(cores, name);
  return core === undefined ? [] : [core];
}
