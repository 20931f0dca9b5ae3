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
 * Gives memory that the guest has freed back to the host: a balloon takes all that is free, and at once returns the right
 * to use it, but not the memory (`config mem=-N`, `+N`; arch/um/drivers/mconsole_kern.c).
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

export async function guestMemory(kernel: RunningKernel): Promise<GuestMemory> {
  const memory = parseMeminfo((await kernel.request('proc meminfo')).text);
  if (memory) return memory;
  throw new UmlmonError('MEM_TRIM', { place: 'proc meminfo', cause: 'the guest does not tell its memory' });
}

/**
 * Trims a guest by itself: looks every `intervalMs` milliseconds how much the host could have back, and takes it when it is
 * worth it. 0: never, and no timer.
 */
export class AutoTrim {
  readonly #kernel: RunningKernel;
  readonly #intervalMs: number;
  readonly #mayTrim: () => boolean;
  readonly #onTrimmed: (trimmed: Trimmed) => void;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    kernel: RunningKernel,
    intervalMs: number,
    host: { readonly mayTrim: () => boolean; readonly onTrimmed: (trimmed: Trimmed) => void },
  ) {
    this.#kernel = kernel;
    this.#intervalMs = intervalMs;
    this.#mayTrim = host.mayTrim;
    this.#onTrimmed = host.onTrimmed;
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#closed || this.#intervalMs === 0) return;
    this.#timer = setTimeout(() => void this.#look().finally(() => this.#arm()), this.#intervalMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    try {
      if (!this.#mayTrim()) return;
      const { total, free } = await guestMemory(this.#kernel);
      const freed = hostMemory(this.#kernel.pid) - (total - free);
      if (freed > monitorLimits.trimWorth && !this.#closed) this.#onTrimmed(await trimMemory(this.#kernel));
    } catch (error) {
      // A kernel that does not answer is the business of the watch for hangs; the next look comes.
      if (!toFailure(error).code.startsWith('M')) throw error;
    }
  }
}
