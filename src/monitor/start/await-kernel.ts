import type { Channel } from '../../console/channel.ts';
import type { Sandbox } from '../../jail/spawn/sandbox-processes.ts';
import type { KernelSender } from '../../kernel/kernel-sender.ts';
import { Mconsole, versionOf } from '../../kernel/mconsole.ts';
import { panicLines } from '../../kernel/panic-lines.ts';
import type { LaunchPlan, StepOf } from '../../plan/plan.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { assertNotKilled } from '../start-killed.ts';
import type { UndoStack } from './undo.ts';

/** What the wait for a kernel needs. */
export interface KernelWait {
  readonly plan: LaunchPlan;
  readonly con0: Channel;
  /** Offset on con0 of the output of this start. */
  readonly con0From: number;
  /** Aborted by a kill. */
  readonly signal: AbortSignal;
  readonly sandbox: Sandbox;
  /** Undefined if the kernel ended before it could be seen. */
  readonly sender: KernelSender | undefined;
  /** Resolves when the kernel announces its management console. */
  readonly notified: Promise<void>;
  readonly undo: UndoStack;
}

/** The version by the management console, or by the plan if the kernel has ended. */
export interface AwaitedKernel {
  readonly mconsole: Mconsole;
  readonly version: string;
}

type Outcome = 'up' | 'timeout' | { readonly status: number | undefined };

/**
 * The kernel announces its management console some milliseconds after exec, before it opens disks. A kernel may
 * finish its work or panic before this monitor checks. It counts as up, and its end is recorded as for other kernels.
 *
 * @throws UmlmonError START_FAILED if it does not come up, START_KILLED
 */
export async function awaitKernel(step: StepOf<'await-kernel'>, wait: KernelWait): Promise<AwaitedKernel> {
  const { plan, signal, sandbox, sender, undo } = wait;
  const patience = afterOrAbort(step.withinMs, signal);
  const ended = sandbox.exit.then((status) => ({ status }));
  let outcome: Outcome = await Promise.race([
    wait.notified.then(() => 'up' as const),
    ended,
    patience.over,
  ]).finally(patience.cancel);
  assertNotKilled(signal);
  if (!sender || outcome === 'timeout') throw notUp(step, outcome, wait);
  const mconsole = Mconsole.open(step.reply, step.mconsole, sender);
  undo.push('mconsole', () => mconsole.close());
  if (outcome === 'up')
    try {
      return { mconsole, version: versionOf(await mconsole.request('version')) };
    } catch (error) {
      // It may be about to end.
      const end = afterOrAbort(monitorLimits.kernelEndWait, signal);
      outcome = await Promise.race([ended, end.over]).finally(end.cancel);
      assertNotKilled(signal);
      if (outcome === 'timeout') throw error;
      return { mconsole, version: `Linux ${plan.kernel.version}` };
    }
  if (outcome.status !== 0 && !panicOf(wait)) throw notUp(step, outcome, wait);
  return { mconsole, version: `Linux ${plan.kernel.version}` };
}

function panicOf({ con0, con0From }: KernelWait): ReturnType<typeof panicLines> {
  return panicLines(con0.lastLines(monitorLimits.panicOutput, con0From));
}

/** Bytes of con0 in the error of a failed start. */
const lastWords = 1024;

function notUp(step: StepOf<'await-kernel'>, outcome: Outcome, wait: KernelWait): UmlmonError {
  const { plan, con0, con0From } = wait;
  const isLate = typeof outcome === 'string';
  const lines = panicOf(wait)?.lines ?? con0.lastLines(lastWords, con0From);
  return new UmlmonError('START_FAILED', {
    place: plan.vm,
    cause: isLate
      ? `the kernel did not announce itself within ${step.withinMs / 1000} s`
      : `the kernel ended with status ${outcome.status ?? 'unknown'}`,
    words: outcome === 'timeout' || lines.length === 0 ? '' : `; its last output:\n${lines.join('\n')}`,
    hint: `read the log: umlwatch ${plan.vm} -log con0`,
  });
}

function afterOrAbort(ms: number, signal: AbortSignal): { over: Promise<'timeout'>; cancel: () => void } {
  let end: () => void = () => undefined;
  const over = new Promise<'timeout'>((resolve) => {
    end = () => resolve('timeout');
  });
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end);
  const cancel = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  };
  return { over, cancel };
}
