import type { VmLayout } from '../jail/layout.ts';
import type { LaunchPlan } from '../plan/plan.ts';
import type { KernelOwner } from './kernel-owner.ts';
import type { RunningKernel } from './running-kernel.ts';
import { executePlan } from './start/execute-plan.ts';
import { awaitFirstProcess, type FirstProcess } from './start/first-process.ts';
import { adoptKernel } from './takeover/adopt.ts';
import { type FoundKernel, findKernel, type KernelSearch } from './takeover/find-kernel.ts';

/** Where a VM gets its kernels from. Tests pass a source of fake kernels. */
export interface KernelSource {
  /** Looks for a kernel that a previous monitor has left. Never rejects for a kernel that is not found. */
  find(layout: VmLayout): Promise<KernelSearch>;
  /** Executes a plan. Errors: those of the step that failed; nothing is left of the start then. */
  execute(plan: LaunchPlan, owner: KernelOwner): Promise<RunningKernel>;
  /** Takes over a kernel that was found. Errors: those of adoptKernel; the kernel is unchanged then. */
  adopt(found: FoundKernel, owner: KernelOwner): Promise<RunningKernel>;
  /** Waits until the guest of a kernel runs its first process, or until `ended` resolves. */
  awaitFirstProcess(kernel: RunningKernel, ended: Promise<unknown>): Promise<FirstProcess>;
}

/** Kernels that run in jails on this host. */
export class HostKernels implements KernelSource {
  find(layout: VmLayout): Promise<KernelSearch> {
    return findKernel(layout);
  }

  execute(plan: LaunchPlan, owner: KernelOwner): Promise<RunningKernel> {
    return executePlan(plan, owner);
  }

  adopt(found: FoundKernel, owner: KernelOwner): Promise<RunningKernel> {
    return adoptKernel(found, owner);
  }

  /** A kernel without a pid ended before its process was seen. */
  async awaitFirstProcess(kernel: RunningKernel, ended: Promise<unknown>): Promise<FirstProcess> {
    return kernel.pid ? awaitFirstProcess(kernel.pid, ended) : 'ended';
  }
}
