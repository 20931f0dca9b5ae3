/** Stops a kernel, so that it continues even if the monitor is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError, UmlmonError } from '../system/errors/errors.ts';
import { jailLimits } from '../system/limits/limits.ts';
import { keepDescriptorsPrivate, pidfdSendSignal } from '../system/native/native.ts';
import { openProcess, type ProcessIdentity } from '../system/native/process.ts';

/**
 * A kernel that was stopped with SIGSTOP: it runs nothing, and neither does its thread for the disks. A process of its
 * own, a shell that waits for the end of a pipe from us, continues it if we are killed (docs/decisions/0009-pause.md).
 */
export class KernelPause {
  readonly #kernel: ProcessIdentity;
  readonly #pidfd: number;
  readonly #guard: ChildProcess;
  #began = 0;
  #ended = false;

  private constructor(kernel: ProcessIdentity, pidfd: number, guard: ChildProcess) {
    this.#kernel = kernel;
    this.#pidfd = pidfd;
    this.#guard = guard;
  }

  /** All slow preparations, while the kernel runs. The caller ends the pause, even one not started. Errors: BACKUP_INTERRUPTED. */
  static async prepare(kernel: ProcessIdentity): Promise<KernelPause> {
    const guard = await startGuard(kernel.pid);
    const pidfd = openProcess(kernel);
    if (pidfd !== undefined) return new KernelPause(kernel, pidfd, guard);
    guard.stdin?.end();
    throw ended(kernel);
  }

  /** Resolves when all threads of the kernel are stopped. Errors: BACKUP_INTERRUPTED if it has exited or does not stop. */
  async begin(): Promise<void> {
    this.#began = performance.now();
    try {
      pidfdSendSignal(this.#pidfd, 'SIGSTOP');
    } catch (error) {
      throw isSystemError(error) && error.code === 'ESRCH' ? ended(this.#kernel) : error;
    }
    await this.#standstill();
  }

  /** Whether the kernel has been stopped without interruption, as far as can be seen: not continued, not killed. */
  get holds(): boolean {
    return !this.#ended && stands(this.#kernel.pid);
  }

  /** Continues the kernel. Returns the milliseconds that it was stopped. */
  end(): number {
    if (!this.#ended) {
      this.#ended = true;
      try {
        resume(this.#pidfd);
      } finally {
        closeSync(this.#pidfd);
        // It sends SIGCONT, too, which does nothing to a kernel that runs.
        this.#guard.stdin?.end();
      }
    }
    return performance.now() - this.#began;
  }

  async #standstill(): Promise<void> {
    const deadline = performance.now() + jailLimits.pauseWait;
    for (let look = 0; !stands(this.#kernel.pid); look++) {
      if (performance.now() > deadline)
        throw new UmlmonError('BACKUP_INTERRUPTED', {
          place: `process ${this.#kernel.pid}`,
          cause: 'the kernel did not stop in time',
          hint: 'check the disks of the host: a write to an image may take very long',
        });
      await delay(look < 10 ? 0 : 1);
    }
  }
}

/** Continues a kernel that a previous monitor may have left stopped; no effect on a running one. */
export function resumeKernel(kernel: ProcessIdentity): void {
  const pidfd = openProcess(kernel);
  if (pidfd === undefined) return;
  resume(pidfd);
  closeSync(pidfd);
}

function resume(pidfd: number): void {
  try {
    pidfdSendSignal(pidfd, 'SIGCONT');
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ESRCH') throw error;
  }
}

/**
 * The process id may belong to another process by the time the pipe ends; SIGCONT has no effect on a process that is not
 * stopped.
 */
async function startGuard(pid: number): Promise<ChildProcess> {
  keepDescriptorsPrivate();
  const guard = spawn('/bin/sh', ['-c', 'read -r end; kill -s CONT "$1"', 'umlmon-resume', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    // Not in our session: a CTRL-C that ends us must not end it.
    detached: true,
  });
  guard.stdin?.on('error', () => undefined);
  await once(guard, 'spawn');
  guard.unref();
  return guard;
}

/** Whether all threads of a process are stopped (`T`, or `t` for one that is traced). */
function stands(pid: number): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.length > 0 && threads.every((thread) => isStopped(`/proc/${pid}/task/${thread}/stat`));
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ESRCH')) return false;
    throw error;
  }
}

function isStopped(path: string): boolean {
  const stat = readFileSync(path, 'latin1');
  return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

function ended({ pid }: ProcessIdentity): UmlmonError {
  return new UmlmonError('BACKUP_INTERRUPTED', { place: `process ${pid}`, cause: 'the kernel exited' });
}
