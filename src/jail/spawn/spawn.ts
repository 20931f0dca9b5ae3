/** Spawns the chain of programs that becomes the kernel. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { UmlmonError } from '../../system/errors/errors.ts';
import { jailLimits } from '../../system/limits/limits.ts';
import { keepDescriptorsPrivate } from '../../system/native/native.ts';
import { type ProcessIdentity, processIdentity } from '../../system/native/process.ts';
import { keepMemoryFromCores } from '../../system/processes/host-limits.ts';
import { assertMounts } from '../sandbox/assert-mounts.ts';
import { launchEnvironment } from '../sandbox/sandbox.ts';
import { openStatus, readStatus } from '../status.ts';
import {
  firstChild,
  HeldSandbox,
  type JailedProcesses,
  jailedProcesses,
  killProcess,
  killSandbox,
  type Sandbox,
} from './sandbox-processes.ts';
import { type LauncherExit, spawnError } from './spawn-error.ts';
import type { DeviceBind, SpawnRequest } from './spawn-request.ts';

const POLL_MS = 1;

/**
 * Spawns a sandbox and waits for the exec of the kernel in it (not until the guest is up). Unless it is tied, the child then
 * does not keep our event loop alive: a program that waits only for `exit` ends.
 *
 * @throws UmlmonError JAIL_LAUNCH if the kernel was not executed, JAIL_MOUNTS if its jail is not as planned; no process is
 * left then
 */
export async function spawnInJail(request: SpawnRequest): Promise<Sandbox> {
  const child = spawnChain(request);
  const sandbox = await waitForSandbox(request, child);
  // Not earlier: a program that nothing else keeps alive would end before the exec, with status 0.
  if (!request.tied) child.unref();
  return sandbox;
}

async function waitForSandbox(request: SpawnRequest, child: ChildProcess): Promise<Sandbox> {
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
      return new HeldSandbox(launcher, jailed, exit);
    }
    endLauncher(launcher);
    // bubblewrap reports an exit status only if the program was started.
    await ending;
    if (readStatus(request.status.path).exitStatus !== undefined) return new HeldSandbox(launcher, {}, exit);
  }
  throw await spawnError(request, await ending);
}

interface Spawning {
  readonly child: ChildProcess;
  readonly launcher: ProcessIdentity;
  readonly ending: Promise<LauncherExit>;
}

/** bubblewrap makes all namespaces at once, with PID 1 of the jail; when all is mounted, it waits at the gate. */
async function openGate(
  request: SpawnRequest,
  { fd, open }: NonNullable<SpawnRequest['gate']>,
  { child, launcher, ending }: Spawning,
): Promise<void> {
  const gate = pipesOf(child).get(fd);
  // The launcher may have ended.
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
    // A gate that is closed opens too: close it only after the launcher has ended.
    gate?.destroySoon();
  }
}

async function assertJail(
  pid: number,
  { mounts, devices = [] }: SpawnRequest,
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
    cause: 'the device was replaced while the jail was created',
    hint: 'check who can write to its directory',
  });
}

function spawnChain({ argv, cwd, descriptors, onPipes, status, seccomp, gate }: SpawnRequest): ChildProcess {
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

/** An unlinked file, open at its start: unlike a pipe, it is complete before bubblewrap starts. */
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

function endOf(child: ChildProcess): Promise<LauncherExit> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (status) => resolve({ status: status ?? undefined }));
  });
}

function waitForKernel(
  launcher: ProcessIdentity,
  ending: Promise<LauncherExit>,
): Promise<JailedProcesses | undefined> {
  return waitFor(() => jailedProcesses(launcher.pid), ending);
}

/** Undefined if the launcher ends before, or after too long a time. */
async function waitFor<T>(look: () => T | undefined, ending: Promise<LauncherExit>): Promise<T | undefined> {
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

/** Ends a launcher that took too long, with what exists of its jail. */
function endLauncher(launcher: ProcessIdentity): void {
  const init = firstChild(launcher.pid);
  if (init) killSandbox(init);
  killProcess(launcher);
}
