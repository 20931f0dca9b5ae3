/** The kernels of a host: what they are, whether they can run here, and which VMs use them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../config/config.ts';
import { mountWith, unrunnableFiles } from '../../../jail/host/mount-options.ts';
import { copiesBytes } from '../../../jail/sandbox/mounts.ts';
import { checkKernel } from '../../../kernel/host-check.ts';
import { filesOf, resolveLibraries } from '../../../kernel/libraries.ts';
import { type KernelProbe, probeKernel } from '../../../kernel/probe.ts';
import { hostProcessor, jailPathOnHost } from '../../../plan/facts/inventory.ts';
import { type Failure, toFailure } from '../../../system/errors/errors.ts';
import type { KernelFact } from '../doctor/checks.ts';
import { layoutIn } from '../host.ts';

export interface Kernel extends KernelFact {
  /** In SHARED/kernels. */
  readonly name: string;
  /** Undefined if it cannot be read. */
  readonly probe: KernelProbe | undefined;
}

/** The default kernel of a VM. */
const usualKernel = '/shared/kernels/linux';

/** The kernels that are there, and those that VMs name; by their paths as VMs see them. */
export function listKernels(config: Config): Kernel[] {
  const directory = join(config.global.shared, 'kernels');
  const there = existsSync(directory) ? readdirSync(directory).filter((name) => !name.startsWith('.')) : [];
  const paths = new Set([...there.map((name) => `/shared/kernels/${name}`), ...usedKernels(config).keys()]);
  return [...paths].sort().map((path) => lookAtKernel(path, config));
}

/** Those that VMs use; where there are no VMs, the one that they will use. */
export function lookAtKernels(config: Config): KernelFact[] {
  const used = [...usedKernels(config).keys()];
  return (used.length > 0 ? used : [usualKernel]).map((path) => lookAtKernel(path, config));
}

function usedKernels({ vms }: Config): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const { kernel, name } of vms.values()) users.set(kernel, [...(users.get(kernel) ?? []), name]);
  return users;
}

export function lookAtKernel(path: string, config: Config): Kernel {
  const layout = layoutIn(config, 'any');
  const about = {
    path,
    name: path.replace('/shared/kernels/', ''),
    usedBy: usedKernels(config).get(path) ?? [],
  };
  const failures: Failure[] = [];
  try {
    const probe = probeKernel(jailPathOnHost(path, layout));
    failures.push(...checkKernel(probe, hostProcessor()));
    // Only a valid kernel can miss libraries.
    const copied = failures.length === 0 ? copiedOf(probe) : undefined;
    return { ...about, probe, version: probe.version, failures, ...(copied ? { copied } : {}) };
  } catch (error) {
    return { ...about, probe: undefined, version: '', failures: [...failures, toFailure(error, path)] };
  }
}

/** What each start copies into memory of a kernel that lies where nothing may be executed. */
function copiedOf({ file, libraryDirectory }: KernelProbe): KernelFact['copied'] {
  const files = unrunnableFiles([file, ...filesOf(resolveLibraries(file, libraryDirectory))]);
  const [first] = files;
  const mount = first && mountWith('noexec', first.path);
  return mount === undefined ? undefined : { mount, bytes: copiesBytes(files.map(({ bytes }) => bytes)) };
}
