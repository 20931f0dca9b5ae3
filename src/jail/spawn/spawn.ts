/** Starts the chain of programs that becomes the kernel, and ends it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UmlmonError } from '../../system/errors/errors.ts';
import { jailLimits } from '../../system/limits/limits.ts';
import { keepDescriptorsPrivate } from '../../system/native/native.ts';
import {
  childrenOf,
  endOfProcess,
  openProcess,
  type ProcessIdentity,
  processIdentity,
  programNameOf,
  signalProcess,
} from '../../system/native/process.ts';
import { keepMemoryFromCores } from '../../system/processes/host-limits.ts';
import type { TrialPlan } from '../host/trial.ts';
import { assertMounts, type MountPlan } from '../sandbox/assert-mounts.ts';
import { kernelInJail } from '../sandbox/mounts.ts';
import { launchEnvironment } from '../sandbox/sandbox.ts';
import { openStatus, readStatus } from '../status.ts';
import { type Ending, launchError } from './spawn-error.ts';

export interface LaunchRequest {
  /** From sandboxArguments. */
  readonly argv: readonly string[];
  /** Host directory to start in. */
  readonly cwd: string;
  /**
   * Number in the kernel → our descriptor, or `pipe` for one end of a new stream socket (see `onPipes`). 0, 1 and 2
   * should be among them (else /dev/null): bubblewrap's own complaints go where the kernel's go. Other numbers that are
   * missing are closed in the kernel.
   */
  readonly descriptors: ReadonlyMap<number, number | 'pipe'>;
  /** Called at once with our end of each `pipe`, by its number in the kernel; from then on they are the caller's. */
  readonly onPipes?: (pipes: ReadonlyMap<number, Socket>) => void;
  /** The plan's `statusFd`, and the file of the layout that it writes to. */
  readonly status: { readonly fd: number; readonly path: string };
  /** What must be mounted in the jail, and nothing else. */
  readonly mounts: MountPlan;
  /** Binds of mode `dev` whose source is open. */
  readonly devices?: readonly DeviceBind[];
  /** The plan's `seccompFd`, and what is read from it. */
  readonly seccomp: { readonly fd: number; readonly filter: Uint8Array };
  /**
   * The plan's `gateFd`. When the jail stands, `open` connects its namespaces, of which it is told a process; if it fails,
   * the kernel is not started, and the launch fails with the same error.
   */
  readonly gate?: { readonly fd: number; readonly open: (jail: ProcessIdentity) => void | Promise<void> };
  /** Whether we wait for its end: as of the plan. Absent: the guest does not keep its monitor alive. */
  readonly tied?: boolean;
  /** What a trial needs of the plan, to tell why it comes to no kernel. */
  readonly trial: TrialPlan;
  /** All that came out of descriptor 2 up to now: called if the launch fails, to say why. */
  readonly words: () => string;
}

export interface DeviceBind {
  readonly fd: number;
  /** Path in the jail. */
  readonly to: string;
}

export interface Sandbox {
  /** bubblewrap outside of the jail: our child, which reports the exit. */
  readonly launcher: ProcessIdentity;
  /** PID 1 of the jail: everything in the jail ends with it. Undefined if it ended before it could be seen. */
  readonly init: ProcessIdentity | undefined;
  readonly kernel: ProcessIdentity | undefined;
  /**
   * The kernel's exit status, 128 + N if signal N ended it. Undefined if somebody killed the launcher: the
   * kernel may live on.
   */
  readonly exit: Promise<number | undefined>;
}

export interface JailedProcesses {
  readonly init: ProcessIdentity;
  readonly kernel: ProcessIdentity;
}

const POLL_MS = 1;

/**
 * Starts a sandbox and waits until the kernel's program runs in it (not until the guest is up). Then the child does not
 * keep our event loop alive, unless it is tied: a program that waits for nothing but `exit` ends.
 *
 * @throws UmlmonError JAIL_LAUNCH if it comes to no kernel, JAIL_MOUNTS if its jail is not as planned; nothing is left
 * running then
 */
export async function launch(request: LaunchRequest): Promise<Sandbox> {
  const child = spawnChain(request);
  const sandbox = await waitForSandbox(request, child);
  // Not before: if nothing else kept this program alive, it would end in the middle of a launch, with status 0.
  if (!request.tied) child.unref();
  return sandbox;
}

async function waitForSandbox(request: LaunchRequest, child: ChildProcess): Promise<Sandbox> {
  const ending = endOf(child);
  const launcher = child.pid === undefined ? undefined : processIdentity(child.pid);
  if (launcher) {
    const exit = ending.then(({ status }) => status);
    if (request.gate) await openGate(request, request.gate, { child, launcher, ending });
    const jailed = await waitForKernel(launcher, ending);
    if (jailed) {
      // A kernel without a gate has not yet run anything of a guest.
      if (!request.gate)
        try {
          await assertJail(jailed.kernel.pid, request, 0);
        } catch (error) {
          endLauncher(launcher);
          await ending;
          throw error;
        }
      return { launcher, ...jailed, exit };
    }
    endLauncher(launcher);
    // bubblewrap reports an exit status only if the program was started.
    await ending;
    if (readStatus(request.status.path).exitStatus !== undefined)
      return { launcher, init: undefined, kernel: undefined, exit };
  }
  throw await launchError(request, await ending);
}

interface Launching {
  readonly child: ChildProcess;
  readonly launcher: ProcessIdentity;
  readonly ending: Promise<Ending>;
}

/** bubblewrap makes all namespaces at once, with PID 1 of the jail; when all is mounted, it waits at the gate. */
async function openGate(
  request: LaunchRequest,
  { fd, open }: NonNullable<LaunchRequest['gate']>,
  { child, launcher, ending }: Launching,
): Promise<void> {
  const gate = pipesOf(child).get(fd);
  // Nobody may be waiting there any more.
  gate?.on('error', () => undefined);
  try {
    const init = await waitFor(() => firstChild(launcher.pid), ending);
    if (!init) return endLauncher(launcher);
    await assertJail(init.pid, request, jailLimits.mountWait);
    await open(init);
    gate?.end('.');
  } catch (error) {
    endLauncher(launcher);
    await ending;
    throw error;
  } finally {
    // Closed without a word, the gate would open too: not before the launcher is gone.
    gate?.destroySoon();
  }
}

async function assertJail(
  pid: number,
  { mounts, devices = [] }: LaunchRequest,
  patience: number,
): Promise<void> {
  await assertMounts(pid, mounts, patience);
  for (const device of devices) assertDevice(pid, device);
}

/** @throws UmlmonError JAIL_MOUNTS if another file is in the place of a device */
function assertDevice(pid: number, { fd, to }: DeviceBind): void {
  const [meant, found] = [fstatSync(fd), statSync(`/proc/${pid}/root${to}`)];
  if (meant.isBlockDevice() && found.isBlockDevice() && meant.rdev === found.rdev) return;
  throw new UmlmonError('JAIL_MOUNTS', {
    place: to,
    cause: 'the device was replaced while the jail was made',
    hint: 'look at who may write to its directory',
  });
}

function spawnChain({ argv, cwd, descriptors, onPipes, status, seccomp, gate }: LaunchRequest): ChildProcess {
  const statusFile = openStatus(status.path);
  try {
    const filterFile = openFilter(`${status.path}.filter`, seccomp.filter);
    try {
      const ours = new Map<number, number | 'pipe'>([
        ...descriptors,
        [status.fd, statusFile],
        [seccomp.fd, filterFile],
        ...(gate ? [[gate.fd, 'pipe'] as const] : []),
      ]);
      const stdio = Array.from(
        { length: Math.max(...ours.keys(), 2) + 1 },
        (_, fd) => ours.get(fd) ?? 'ignore',
      );
      const [program = '', ...args] = argv;
      keepDescriptorsPrivate();
      keepMemoryFromCores();
      const child = spawn(program, args, { cwd, env: launchEnvironment, stdio, detached: true });
      onPipes?.(pipesOf(child));
      return child;
    } finally {
      closeSync(filterFile);
    }
  } finally {
    closeSync(statusFile);
  }
}

function pipesOf({ stdio }: ChildProcess): Map<number, Socket> {
  return new Map(stdio.flatMap((stream, fd) => (stream instanceof Socket ? [[fd, stream]] : [])));
}

const WRITE_ANEW = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** An unlinked file, open at its beginning: unlike a pipe, it is complete before bubblewrap starts. */
function openFilter(path: string, filter: Uint8Array): number {
  const fd = openSync(path, WRITE_ANEW, 0o600);
  try {
    unlinkSync(path);
    for (let done = 0; done < filter.length; )
      done += writeSync(fd, filter, done, filter.length - done, done);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (status) => resolve({ status: status ?? undefined }));
  });
}

function waitForKernel(
  launcher: ProcessIdentity,
  ending: Promise<Ending>,
): Promise<JailedProcesses | undefined> {
  return waitFor(() => jailedProcesses(launcher.pid), ending);
}

/** Undefined if the launcher ends before, or after too long a time. */
async function waitFor<T>(look: () => T | undefined, ending: Promise<Ending>): Promise<T | undefined> {
  const deadline = performance.now() + jailLimits.launchDeadline;
  let ended = false;
  const end = ending.then(() => {
    ended = true;
  });
  while (!ended && performance.now() < deadline) {
    const found = look();
    if (found !== undefined) return found;
    await Promise.race([delay(POLL_MS), end]);
  }
  return undefined;
}

/**
 * The processes of a sandbox, found from the launcher's pid: they are the child and grandchild of the launcher.
 * Undefined before the kernel's program was started, and after its end.
 */
export function jailedProcesses(launcherPid: number): JailedProcesses | undefined {
  const init = firstChild(launcherPid);
  const kernel = init && firstChild(init.pid);
  return kernel && programNameOf(kernel.pid) === posix.basename(kernelInJail) ? { init, kernel } : undefined;
}

function firstChild(pid: number): ProcessIdentity | undefined {
  const [child] = childrenOf(pid);
  return child === undefined ? undefined : processIdentity(child);
}

/** Ends a launch that took too long, with what there is of the jail. */
function endLauncher(launcher: ProcessIdentity): void {
  const init = firstChild(launcher.pid);
  if (init) killSandbox(init);
  killProcess(launcher);
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
 * The same, and waits until nothing of it is left: PID 1 is the last to end. A kernel that has ended may have left
 * processes in its jail, which still write where it could write.
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
    // Without the right to kill it, it ends with its kernel.
    if (refused === undefined) await endOfProcess(pidfd);
    else
      await endOfProcess(pidfd, AbortSignal.timeout(jailLimits.orphanWait)).catch(() =>
        Promise.reject(refused),
      );
  } finally {
    closeSync(pidfd);
  }
}

function killProcess(identity: ProcessIdentity): boolean {
  const pidfd = openProcess(identity);
  if (pidfd === undefined) return false;
  try {
    return signalProcess(pidfd, 'SIGKILL');
  } finally {
    closeSync(pidfd);
  }
}

/**
 * The sandbox of a kernel that a former monitor started. Its launcher is no child of ours, so the exit is seen
 * through a pidfd, and the status read from the file that bubblewrap wrote it to.
 */
export function adoptSandbox(
  launcher: ProcessIdentity,
  jailed: JailedProcesses,
  statusPath: string,
): Sandbox {
  return { launcher, ...jailed, exit: exitOf(launcher, statusPath) };
}

async function exitOf(launcher: ProcessIdentity, statusPath: string): Promise<number | undefined> {
  const pidfd = openProcess(launcher);
  if (pidfd !== undefined) {
    await endOfProcess(pidfd);
    closeSync(pidfd);
  }
  return readStatus(statusPath).exitStatus;
}
