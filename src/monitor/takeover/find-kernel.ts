/** Finds a kernel of a VM without a monitor, and checks that it is the recorded one. */
import { type Stats, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { VmLayout } from '../../jail/layout.ts';
import { type JailedProcesses, jailedProcesses } from '../../jail/spawn/sandbox-processes.ts';
import { readStatus } from '../../jail/status.ts';
import { fdOf } from '../../plan/descriptors.ts';
import type { LaunchPlan } from '../../plan/plan.ts';
import { stepOf } from '../../plan/step-of.ts';
import { thisMoment } from '../../system/clock.ts';
import { heldLock } from '../../system/files/held-lock.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import {
  isSameProcess,
  type ProcessIdentity,
  parentOf,
  processIdentity,
} from '../../system/native/process.ts';
import { type RunRecord, readRunRecord } from './run-record.ts';

/** The kernel that a previous monitor has recorded. */
export interface FoundKernel {
  readonly found: 'ours';
  readonly record: RunRecord;
  readonly launcher: ProcessIdentity;
  readonly jailed: JailedProcesses;
}

export type KernelSearch =
  | { readonly found: 'nothing' }
  | FoundKernel
  /** A process holds the lock of the VM, but it does not match the record in all points. */
  | { readonly found: 'unmanaged'; readonly why: string; readonly mayChange: boolean };

/** A start that SIGKILL interrupted continues for some milliseconds, up to the kernel. */
const settleMs = monitorLimits.takeoverSettle;
const pollMs = 10;

/**
 * Looks for the VM's kernel. The kernel process holds the lock until it ends, so the lock shows whether a kernel
 * runs. Then record, process, start time and the descriptor of the lock in that process must agree.
 */
export async function findKernel(layout: VmLayout): Promise<KernelSearch> {
  const deadline = performance.now() + settleMs;
  let finding = look(layout);
  while (finding.found === 'unmanaged' && finding.mayChange && performance.now() < deadline) {
    await delay(pollMs);
    finding = look(layout);
  }
  return finding;
}

function look(layout: VmLayout): KernelSearch {
  const lockFile = heldLock(layout.vmLock);
  const unmanaged = (why: string, mayChange = false): KernelSearch => ({
    found: 'unmanaged',
    why,
    mayChange,
  });
  const record = recordOfThisBoot(layout.runRecord);
  if (!lockFile)
    // A kernel that its guest controls can release the lock. PID 1 of its jail is reliable.
    return record?.init && isSameProcess(record.init)
      ? unmanaged(`the lock is free, but process ${record.init.pid}, PID 1 of the recorded jail, lives`, true)
      : { found: 'nothing' };
  if (!record) return unmanaged(`the lock ${layout.vmLock} is held, but no record names its holder`);
  const { initPid } = readStatus(layout.status);
  const launcher = initPid === undefined ? undefined : parentOf(initPid);
  if (!launcher) return unmanaged('the launcher of the recorded kernel has ended', true);
  const jailed = jailedProcesses(launcher.pid);
  if (!jailed || jailed.init.pid !== initPid) return unmanaged('the recorded jail has no kernel', true);
  const { kernel } = jailed;
  if (record.kernel && (record.kernel.pid !== kernel.pid || !isSameProcess(record.kernel)))
    // Of a kernel that was just killed, other processes are there for a moment.
    return unmanaged(
      `the kernel is process ${kernel.pid}, and ${record.kernel.pid} was recorded`,
      !isSameProcess(record.kernel),
    );
  if (!holdsLock(kernel, record.plan, lockFile))
    return unmanaged(`process ${kernel.pid} is not the one that holds the lock`);
  return { found: 'ours', record, launcher, jailed };
}

/** A record from before the host's last boot names processes that are gone; others may have their numbers and start times. */
function recordOfThisBoot(path: string): RunRecord | undefined {
  const record = readRunRecord(path);
  const [then, now] = [record?.moment?.boot, thisMoment().boot];
  return then && now && then !== now ? undefined : record;
}

/** Whether the process has the lock file open under the number that the plan gave it. */
function holdsLock(kernel: ProcessIdentity, plan: LaunchPlan, lockFile: Stats): boolean {
  try {
    const fd = fdOf(stepOf(plan, 'launch').descriptors, 'vm-lock');
    const open = statSync(`/proc/${kernel.pid}/fd/${fd}`);
    return (
      open.dev === lockFile.dev && open.ino === lockFile.ino && processIdentity(kernel.pid) !== undefined
    );
  } catch {
    return false;
  }
}
