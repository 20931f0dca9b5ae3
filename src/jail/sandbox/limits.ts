/** Pure. */
import { jailLimits } from '../../system/limits/limits.ts';
import type { HostLimits } from '../../system/processes/resource-limits.ts';
import type { SandboxPlan } from './sandbox.ts';

/** As the kernel itself would have it at most (STACKSIZE of arch/um/kernel/um_arch.c); also of its guest's processes. */
const { stackBytes } = jailLimits;

/** The limits of a jail: what is wanted, or what the host permits of it. Pure. */
export function limitsOfJail(
  wanted: { readonly processes: number; readonly files: number },
  host: HostLimits,
): SandboxPlan['limits'] {
  return {
    core: Math.min(1, host.core.hard),
    processes: Math.min(wanted.processes, host.nproc.hard),
    files: Math.min(wanted.files, host.nofile.hard),
    stack: Math.min(stackBytes, host.stack.hard),
  };
}

/** Signals that wait for all processes of a user: below it a kernel loses those of its timer and its devices. */
const { leastSignals } = jailLimits;
/** Descriptors without which a kernel, its disks and its console do not come up. */
const { leastFiles } = jailLimits;

/** What is too small among the hard limits for a kernel to start at all; undefined if nothing is. Pure. */
export function tooSmall(
  host: HostLimits,
  /** Bytes of the largest file that the kernel writes: its memory, or an image. */
  largestFile: number,
): { readonly cause: string; readonly hint: string } | undefined {
  const least = { fsize: largestFile, sigpending: leastSignals, nofile: leastFiles } as const;
  const words = {
    fsize: ['bytes of a file', 'LimitFSIZE=infinity', '-Hf'],
    sigpending: ['pending signals', 'LimitSIGPENDING=', '-Hi'],
    nofile: ['open files', 'LimitNOFILE=', '-Hn'],
  } as const;
  for (const name of ['fsize', 'sigpending', 'nofile'] as const) {
    if (host[name].hard >= least[name]) continue;
    const [what, unit, option] = words[name];
    return {
      cause: `the hard limit is ${host[name].hard} ${what}, but the kernel needs ${least[name]}`,
      hint: `raise the limit that ulimit ${option} shows: limits.conf(5), ${unit} of a unit, --ulimit of a container`,
    };
  }
  return undefined;
}
