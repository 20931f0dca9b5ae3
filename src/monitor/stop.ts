import { UmlmonError } from '../system/errors/errors.ts';
import { monitorLimits } from '../system/limits/limits.ts';
import type { RunningKernel } from './running-kernel.ts';
import type { Warnings } from './warnings.ts';

export interface StopStage {
  readonly name: 'ctrl-alt-del' | 'halt' | 'kill';
  readonly waitMs: number;
}

/** The stages of an orderly stop, from `first` on; each next one is harder on the guest. */
export function stopStages(stopTimeoutMs: number, first: StopStage['name']): readonly StopStage[] {
  const all: readonly StopStage[] = [
    { name: 'ctrl-alt-del', waitMs: Math.min(stopTimeoutMs, monitorLimits.stopWait) },
    { name: 'halt', waitMs: monitorLimits.haltWait },
    { name: 'kill', waitMs: monitorLimits.killWait },
  ];
  return all.slice(all.findIndex(({ name }) => name === first));
}

const act: Record<StopStage['name'], (kernel: RunningKernel) => Promise<unknown>> = {
  'ctrl-alt-del': (kernel) => kernel.request('cad'),
  halt: (kernel) => kernel.request('halt'),
  kill: (kernel) => kernel.kill(),
};

/** What a stop needs of the run of its kernel. */
export interface StopOwner {
  readonly warnings: Pick<Warnings, 'report'>;
  stageBegan(stage: StopStage): void;
}

/**
 * Takes a kernel through the stages until it has ended. Returns the stage that ended it, or undefined if even a kill
 * did not. A stage whose request fails (a hung kernel answers nothing) counts as tried.
 */
export async function stopKernel(
  kernel: RunningKernel,
  stages: readonly StopStage[],
  owner: StopOwner,
): Promise<StopStage['name'] | undefined> {
  let refused: unknown;
  for (const stage of stages) {
    refused = undefined;
    owner.stageBegan(stage);
    // Not awaited before the wait: a guest that shuts down at once may leave the answer unsent.
    const request = act[stage.name](kernel).catch((error: unknown) => {
      refused = error;
      owner.warnings.report(error);
    });
    const gone = await kernel.goneWithin(stage.waitMs);
    if (gone) return stage.name;
    await request;
  }
  if (refused !== undefined) throw refused;
  return undefined;
}

export function stopFailed(vm: string): UmlmonError {
  return new UmlmonError('STOP_FAILED', {
    place: vm,
    cause: 'the kernel process is still there after SIGKILL',
    hint: 'it hangs in the kernel of the host, most likely in I/O: read the log of that kernel',
  });
}
