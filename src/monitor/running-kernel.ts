import { killSandbox, type Sandbox } from '../jail/launch.ts';
import type { Answer, Mconsole } from '../kernel/mconsole.ts';
import type { LaunchPlan } from '../plan/plan.ts';
import { stepOf } from '../plan/step-of.ts';
import { kernelLimits } from '../system/limits.ts';
import { printable } from '../system/text.ts';
import type { Disks } from './disks.ts';
import type { LevelTimes } from './readiness.ts';
import { writeRunRecord } from './run-record.ts';
import type { UndoStack } from './undo.ts';

/** A kernel that runs under this monitor: what is needed to talk to it, to end it, and to clean up after it. */
export class RunningKernel {
  readonly plan: LaunchPlan;
  /** Milliseconds since 1970. */
  readonly began: number;
  /** As `version` of the management console says. */
  readonly version: string;
  /** What the start has acquired; unwound when the kernel is gone. */
  readonly undo: UndoStack;
  /** Resolves to the exit status, or undefined if nobody could learn it. */
  readonly exit: Promise<number | undefined>;
  readonly disks: Disks;
  readonly #sandbox: Sandbox;
  readonly #mconsole: Mconsole;
  #reached: LevelTimes | undefined;
  /** Its record is removed, and must not come back. */
  #isGone = false;

  constructor(parts: {
    plan: LaunchPlan;
    began: number;
    version: string;
    undo: UndoStack;
    sandbox: Sandbox;
    mconsole: Mconsole;
    disks: Disks;
  }) {
    this.plan = parts.plan;
    this.began = parts.began;
    // The words of a kernel that may be hostile.
    this.version = printable(parts.version, kernelLimits.versionCharacters);
    this.undo = parts.undo;
    this.exit = parts.sandbox.exit.finally(() => {
      this.#isGone = true;
    });
    this.disks = parts.disks;
    this.#sandbox = parts.sandbox;
    this.#mconsole = parts.mconsole;
  }

  /** Host pid of the kernel; 0 if it ended before it could be seen. */
  get pid(): number {
    return this.#sandbox.kernel?.pid ?? 0;
  }

  /** One request on the management console. Errors: MCONSOLE_*. */
  request(command: string): Promise<Answer> {
    return this.#mconsole.request(command);
  }

  /**
   * Leaves what the VM has reached, and which disks it has, for the monitor after this one. Errors: HOST_SYSTEM_CALL.
   */
  record(reached = this.#reached): void {
    if (this.#isGone) return;
    const { plan, began, disks } = this;
    this.#reached = reached;
    const { kernel, init } = this.#sandbox;
    writeRunRecord(stepOf(plan, 'record').path, {
      plan,
      began,
      ...(reached ? { reached } : {}),
      ...(disks.areThose(stepOf(plan, 'lock-images').images)
        ? {}
        : { disks: disks.all.map(({ image, plugged }) => ({ image, plugged })) }),
      ...(kernel ? { kernel } : {}),
      ...(init ? { init } : {}),
    });
  }

  /** SIGKILL to the sandbox's init: the kernel and all its helpers end with it. */
  kill(): void {
    if (this.#sandbox.init) killSandbox(this.#sandbox.init);
  }

  /** Whether the kernel is gone within the given milliseconds. */
  async goneWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    try {
      return await Promise.race([this.exit.then(() => true), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}
