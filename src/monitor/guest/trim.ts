import type { Clock, ClockTimer } from '../../system/clock.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { RunningKernel } from '../running-kernel.ts';
import { type GuestMemory, hostMemory, parseMeminfo, trimmable } from './guest-memory.ts';

export interface Trimmed {
  /** Bytes of the host that the memory of the guest took before and after. */
  readonly before: number;
  readonly after: number;
}

/**
 * Gives memory that the guest has freed back to the host. A balloon takes all free memory. It is deflated at once: the
 * guest may use the memory again, but the host has the pages back (`config mem=-N`, `+N`; arch/um/drivers/mconsole_kern.c).
 *
 * Errors: MCONSOLE_*, MEM_TRIM.
 */
export async function trimMemory(kernel: RunningKernel): Promise<Trimmed> {
  const before = hostMemory(kernel.pid);
  let left = trimmable(await guestMemory(kernel));
  let taken = 0;
  try {
    while (left > 0) {
      const step = Math.min(left, monitorLimits.trimStep);
      left -= step;
      // Before it is asked: what has no answer may have been taken all the same.
      taken += step;
      await kernel.request(`config mem=-${step / 1024 ** 2}M`);
    }
  } finally {
    if (taken > 0) await returnMemory(kernel);
  }
  return { before, after: hostMemory(kernel.pid) };
}

/** Ends whatever a balloon has taken: the kernel returns no more than there is in it. Errors: MCONSOLE_*. */
export async function returnMemory(kernel: RunningKernel): Promise<void> {
  const mib = Math.ceil(kernel.plan.mem / 1024 ** 2);
  await kernel.request(`config mem=+${mib}M`);
}

async function guestMemory(kernel: RunningKernel): Promise<GuestMemory> {
  const memory = parseMeminfo((await kernel.request('proc meminfo')).text);
  if (memory) return memory;
  throw new UmlmonError('MEM_TRIM', { place: 'proc meminfo', cause: 'the guest does not report its memory' });
}

/** What the automatic trim needs of the run of its kernel. */
export interface TrimOwner {
  /** A paused guest is not trimmed. */
  readonly isPaused: boolean;
  readonly clock: Clock;
  trimmed(trimmed: Trimmed): void;
}

/**
 * Trims a guest automatically: checks every `intervalMs` milliseconds how much memory the guest could return, and trims
 * above monitorLimits.trimWorth. 0: never, and no timer.
 */
export class AutoTrim {
  readonly #kernel: RunningKernel;
  readonly #intervalMs: number;
  readonly #owner: TrimOwner;
  #timer: ClockTimer | undefined;
  #closed = false;

  constructor(kernel: RunningKernel, intervalMs: number, owner: TrimOwner) {
    this.#kernel = kernel;
    this.#intervalMs = intervalMs;
    this.#owner = owner;
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    if (this.#closed || this.#intervalMs === 0) return;
    const check = () => void this.#check().finally(() => this.#arm());
    this.#timer = this.#owner.clock.after(this.#intervalMs, check, 'background');
  }

  async #check(): Promise<void> {
    try {
      if (this.#owner.isPaused) return;
      const { total, free } = await guestMemory(this.#kernel);
      const freed = hostMemory(this.#kernel.pid) - (total - free);
      if (freed > monitorLimits.trimWorth && !this.#closed)
        this.#owner.trimmed(await trimMemory(this.#kernel));
    } catch (error) {
      // HangWatch handles a kernel that does not answer.
      if (!toFailure(error).code.startsWith('M')) throw error;
    }
  }
}
