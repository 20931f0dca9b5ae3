/** Who is who among the processes of the host: a number alone is not enough, the kernel gives it out again. */
import { closeSync, readFileSync } from 'node:fs';
import { isSystemError } from '../errors/errors.ts';
import { watch } from '../watch.ts';
import { pidfdOpen, pidfdSendSignal } from './native.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from the boot of the host to the start of the process (proc_pid_stat(5), field 22). */
  readonly startTime: number;
}

/** The identity of a living process; undefined if it has exited, also as a zombie. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const stat = readProcess(pid, 'stat');
  // The second field is the program's name in parentheses and may itself hold blanks and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields?.[0];
  const startTime = Number(fields?.[19]);
  if (state === undefined || state === 'Z' || state === 'X' || !Number.isSafeInteger(startTime))
    return undefined;
  return { pid, startTime };
}

/** Whether the very process that was identified still lives. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  return processIdentity(identity.pid)?.startTime === identity.startTime;
}

/**
 * A descriptor (pidfd) of the very process that was identified: it is compared once no other process can get its number.
 * Undefined if it has exited.
 */
export function openProcess(identity: ProcessIdentity): number | undefined {
  let pidfd: number;
  try {
    pidfd = pidfdOpen(identity.pid);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ESRCH') return undefined;
    throw error;
  }
  if (isSameProcess(identity)) return pidfd;
  closeSync(pidfd);
  return undefined;
}

/** Sends a signal to the process of a pidfd; false if it has ended. */
export function signalProcess(pidfd: number, name: NodeJS.Signals): boolean {
  try {
    pidfdSendSignal(pidfd, name);
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Resolves when the process of a pidfd has ended, whose descriptor may then be closed. Rejects with the reason of `signal`,
 * if that comes first.
 */
export function endOfProcess(pidfd: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      ended.close();
      signal?.removeEventListener('abort', onAbort);
      done();
    };
    const onAbort = () => settle(() => reject(signal?.reason));
    const ended = watch(pidfd, { readable: true }, () => settle(resolve));
    signal?.addEventListener('abort', onAbort);
  });
}

/** The identity of a process's parent; undefined if either has ended. */
export function parentOf(pid: number): ProcessIdentity | undefined {
  const parent = Number(/^PPid:\s*(\d+)$/m.exec(readProcess(pid, 'status') ?? '')?.[1]);
  return parent > 1 ? processIdentity(parent) : undefined;
}

/** The process that traces a process (ptrace(2)); undefined if none does, or it has ended. */
export function tracerOf(pid: number): number | undefined {
  return Number(/^TracerPid:\s*(\d+)$/m.exec(readProcess(pid, 'status') ?? '')?.[1]) || undefined;
}

/** The children of the main thread of a process; none if it has ended. */
export function childrenOf(pid: number): number[] {
  const children = readProcess(pid, `task/${pid}/children`) ?? '';
  return children.split(' ').filter(Boolean).map(Number);
}

/** The name of the program that a process runs, at most 15 bytes of it (proc_pid_comm(5)). */
export function programNameOf(pid: number): string | undefined {
  return readProcess(pid, 'comm')?.trimEnd();
}

/** State of a process, in the terms of proc_pid_status(5): `running`, `stopped`; undefined if it has ended. */
export function processStateOf(pid: number): string | undefined {
  return /^State:\s*\S \((.*)\)$/m.exec(readProcess(pid, 'status') ?? '')?.[1];
}

function readProcess(pid: number, file: string): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch (error) {
    // ESRCH: it ended between open and read.
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
}
