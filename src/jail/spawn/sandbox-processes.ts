/** The processes of a sandbox: finding, holding and ending them. */
import { closeSync } from 'node:fs';
import { posix } from 'node:path';
import { isSystemError } from '../../system/errors/errors.ts';
import { jailLimits } from '../../system/limits/limits.ts';
import {
  childrenOf,
  endOfProcess,
  openProcess,
  type ProcessIdentity,
  processIdentity,
  programNameOf,
  signalProcess,
} from '../../system/native/process.ts';
import { kernelInJail } from '../sandbox/mounts.ts';
import { readStatus } from '../status.ts';

export interface JailedProcesses {
  readonly init: ProcessIdentity;
  readonly kernel: ProcessIdentity;
}

export interface Sandbox {
  /** bubblewrap outside of the jail: our child, which reports the exit. */
  readonly launcher: ProcessIdentity;
  /** PID 1 of the jail: everything in the jail ends with it. Undefined if it ended before it could be seen. */
  readonly init: ProcessIdentity | undefined;
  readonly kernel: ProcessIdentity | undefined;
  /**
   * The kernel's exit status, 128 + N if signal N ended it. Undefined if the launcher was killed: the kernel may still
   * run.
   */
  readonly exit: Promise<number | undefined>;
  /** SIGKILL to PID 1 of the jail: the kernel and all its helpers end with it. Errors: those of kill(2). */
  kill(): void;
}

/** A sandbox whose first process is held by a pidfd. A kill then needs no new descriptor: there may be none left. */
export class HeldSandbox implements Sandbox {
  readonly launcher: ProcessIdentity;
  readonly init: ProcessIdentity | undefined;
  readonly kernel: ProcessIdentity | undefined;
  readonly exit: Promise<number | undefined>;
  #pidfd: number | undefined;
  #hasEnded = false;

  constructor(
    launcher: ProcessIdentity,
    { init, kernel }: Partial<JailedProcesses>,
    exit: Promise<number | undefined>,
  ) {
    this.launcher = launcher;
    this.init = init;
    this.kernel = kernel;
    this.#pidfd = tryOpen(init);
    this.exit = exit.finally(() => {
      this.#hasEnded = true;
      if (this.#pidfd !== undefined) closeSync(this.#pidfd);
      this.#pidfd = undefined;
    });
  }

  kill(): void {
    if (!this.#hasEnded && this.init) this.#pidfd ??= openProcess(this.init);
    if (this.#pidfd !== undefined) signalProcess(this.#pidfd, 'SIGKILL');
  }
}

/** Undefined also if no descriptor is left: the sandbox still needs an owner, and a kill tries again. */
function tryOpen(init: ProcessIdentity | undefined): number | undefined {
  try {
    return init && openProcess(init);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return undefined;
  }
}

/**
 * The processes of a sandbox: the child and the grandchild of its launcher. Undefined before the exec of the kernel, and
 * after its end.
 */
export function jailedProcesses(launcherPid: number): JailedProcesses | undefined {
  const init = firstChild(launcherPid);
  const kernel = init && firstChild(init.pid);
  return kernel && programNameOf(kernel.pid) === posix.basename(kernelInJail) ? { init, kernel } : undefined;
}

export function firstChild(pid: number): ProcessIdentity | undefined {
  const [child] = childrenOf(pid);
  return child === undefined ? undefined : processIdentity(child);
}

/**
 * Kills PID 1 of a jail, and so everything in it. The launcher then reports 137.
 *
 * @returns false if it had ended before
 */
export function killSandbox(init: ProcessIdentity): boolean {
  return killProcess(init);
}

/**
 * Kills PID 1 of a jail and waits for its end: it is the last process of the jail. A kernel that has ended may have left
 * processes in its jail, which still write to its files.
 */
export async function endSandbox(init: ProcessIdentity): Promise<void> {
  const pidfd = openProcess(init);
  if (pidfd === undefined) return;
  try {
    let refused: unknown;
    try {
      signalProcess(pidfd, 'SIGKILL');
    } catch (error) {
      refused = error;
    }
    // Without the right to kill PID 1: it ends with its kernel.
    if (refused === undefined) await endOfProcess(pidfd);
    else
      await endOfProcess(pidfd, AbortSignal.timeout(jailLimits.orphanWait)).catch(() =>
        Promise.reject(refused),
      );
  } finally {
    closeSync(pidfd);
  }
}

export function killProcess(identity: ProcessIdentity): boolean {
  const pidfd = openProcess(identity);
  if (pidfd === undefined) return false;
  try {
    return signalProcess(pidfd, 'SIGKILL');
  } finally {
    closeSync(pidfd);
  }
}

/**
 * The sandbox of a kernel that a previous monitor started. Its launcher is not our child: a pidfd reports its exit, and the
 * file that bubblewrap wrote has the status.
 */
export function adoptSandbox(
  launcher: ProcessIdentity,
  jailed: JailedProcesses,
  statusPath: string,
): Sandbox {
  return new HeldSandbox(launcher, jailed, exitOf(launcher, statusPath));
}

async function exitOf(launcher: ProcessIdentity, statusPath: string): Promise<number | undefined> {
  const pidfd = openProcess(launcher);
  if (pidfd !== undefined) {
    await endOfProcess(pidfd);
    closeSync(pidfd);
  }
  return readStatus(statusPath).exitStatus;
}
