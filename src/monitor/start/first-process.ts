import { setTimeout as delay } from 'node:timers/promises';
import { monitorLimits } from '../../system/limits/limits.ts';
import { childrenOf, programNameOf, tracerOf } from '../../system/native/process.ts';

/** Milliseconds between two looks: at first, and from `slowAfterMs` on. */
const lookMs = 10;
const slowLookMs = 50;
const slowAfterMs = 500;
/** Children of a kernel that one look examines; at this point of a boot there are two or three. */
const examinedChildren = 32;

/** Name that a kernel since 6.11 gives to the host processes of its guest (arch/um/kernel/skas/stub_exe.c). */
const userProcessName = 'uml-userspace';

/** `runs`: the guest executes programs. `ended`: the kernel or the wait ended before. `not-yet`: neither, in time. */
export type FirstProcess = 'runs' | 'ended' | 'not-yet';

/**
 * Waits until a kernel that has just announced itself executes the first program of its guest. That program must have
 * made a second process, or have run for monitorLimits.firstProcessSettle: an init that cannot be executed ends the kernel
 * within some milliseconds. Reads the children of the kernel, for monitorLimits.firstProcessWait at most, and has no
 * timer afterwards.
 *
 * @param pid of the kernel on the host
 * @param ended resolves when the kernel ends, or the wait is cancelled
 */
export async function awaitFirstProcess(pid: number, ended: Promise<unknown>): Promise<FirstProcess> {
  let hasEnded = false;
  const end = ended.then(() => {
    hasEnded = true;
  });
  const began = performance.now();
  let since: number | undefined;
  for (;;) {
    const now = performance.now();
    const processes = countUserProcesses(pid);
    since = processes > 0 ? (since ?? now) : undefined;
    if (hasEnded) return 'ended';
    if (processes > 1 || (since !== undefined && now - since >= monitorLimits.firstProcessSettle))
      return 'runs';
    if (now - began >= monitorLimits.firstProcessWait) return 'not-yet';
    await Promise.race([delay(now - began < slowAfterMs ? lookMs : slowLookMs), end]);
  }
}

/**
 * Processes of the guest among the children of its kernel. Its other children are threads of drivers, which have the
 * program of the kernel. Before 6.11 the processes of a guest have that program too, but the kernel traces them.
 */
function countUserProcesses(kernel: number): number {
  const isOfGuest = (pid: number) => programNameOf(pid) === userProcessName || tracerOf(pid) === kernel;
  return childrenOf(kernel).slice(0, examinedChildren).filter(isOfGuest).length;
}
