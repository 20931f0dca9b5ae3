import type { Sandbox } from '../jail/spawn/sandbox-processes.ts';
import type { Answer, Mconsole } from '../kernel/mconsole.ts';
import type { LaunchPlan } from '../plan/plan.ts';
import { stepOf } from '../plan/step-of.ts';
import { type Clock, type ClockTimer, type Moment, msSince } from '../system/clock.ts';
import { toFailure, UmlmonError } from '../system/errors/errors.ts';
import { kernelLimits } from '../system/limits/limits.ts';
import { capabilityHint } from '../system/native/capabilities.ts';
import type { ProcessIdentity } from '../system/native/process.ts';
import type { SharePeer } from '../system/sharing/shares.ts';
import { printable } from '../system/text.ts';
import type { Disks } from './disks/disks.ts';
import type { Paused } from './guest/pause.ts';
import type { LevelTimes } from './guest/readiness.ts';
import type { Networks } from './networks/networks.ts';
import type { UndoStack } from './start/undo.ts';
import { writeRunRecord } from './takeover/run-record.ts';

/** A kernel that runs under this monitor: what is needed to talk to it, to end it, and to clean up after it. */
export class RunningKernel {
  readonly plan: LaunchPlan;
  /** Milliseconds since 1970. */
  readonly began: number;
  /** The same as a moment. */
  readonly moment: Moment;
  /** The answer of `version` of the management console. */
  readonly version: string;
  /** What the start has acquired; unwound when the kernel is gone. */
  readonly undo: UndoStack;
  /** Resolves to the exit status, or undefined if it is unknown. */
  readonly exit: Promise<number | undefined>;
  readonly disks: Disks;
  readonly networks: Networks;
  /** Paused for a backup: it cannot answer. */
  paused = false;
  readonly #sandbox: Sandbox;
  readonly #mconsole: Pick<Mconsole, 'request'>;
  readonly #clock: Clock;
  #now: { readonly reached: LevelTimes; readonly pause: Paused | undefined } | undefined;
  /** Its record is removed, and must not come back. */
  #isGone = false;
  #ranMs: number | undefined;

  constructor(parts: {
    plan: LaunchPlan;
    began: number;
    moment: Moment;
    version: string;
    undo: UndoStack;
    sandbox: Sandbox;
    mconsole: Pick<Mconsole, 'request'>;
    disks: Disks;
    networks: Networks;
    clock: Clock;
  }) {
    this.plan = parts.plan;
    this.began = parts.began;
    this.moment = parts.moment;
    // Text of a kernel that may be hostile.
    this.version = printable(parts.version, kernelLimits.versionCharacters);
    this.undo = parts.undo;
    this.exit = parts.sandbox.exit.finally(() => {
      this.#isGone = true;
      this.#ranMs = msSince(this.moment, this.#clock);
    });
    this.disks = parts.disks;
    this.networks = parts.networks;
    this.#sandbox = parts.sandbox;
    this.#mconsole = parts.mconsole;
    this.#clock = parts.clock;
  }

  /** Milliseconds that it has run; until its end, once that was seen. */
  get ranMs(): number {
    return this.#ranMs ?? msSince(this.moment, this.#clock);
  }

  /** Host pid of the kernel; 0 if it ended before it could be seen. */
  get pid(): number {
    return this.#sandbox.kernel?.pid ?? 0;
  }

  /** Undefined if it ended before it could be seen. */
  get process(): ProcessIdentity | undefined {
    return this.#sandbox.kernel;
  }

  /** A command of the monitor itself, ahead of those of clients. Errors: MCONSOLE_*. */
  request(command: string): Promise<Answer> {
    return this.#command(command);
  }

  /** A command of a client, queued with those of other clients. Errors: MCONSOLE_*. */
  ask(command: string, peer: SharePeer): Promise<Answer> {
    return this.#command(command, peer);
  }

  async #command(command: string, peer?: SharePeer): Promise<Answer> {
    if (this.paused)
      throw new UmlmonError('MCONSOLE_BUSY', {
        place: `mconsole ${command}`,
        cause: 'the VM is paused while a backup copies its images',
        hint: 'try again after the backup',
      });
    return this.#mconsole.request(command, peer ? { peer } : { ahead: true });
  }

  /** Records state, disks and network interfaces of the VM for the next monitor. Errors: HOST_SYSTEM_CALL. */
  record(now = this.#now): void {
    if (this.#isGone) return;
    const { plan, began, moment, disks, networks } = this;
    this.#now = now;
    const { kernel, init } = this.#sandbox;
    writeRunRecord(stepOf(plan, 'record').path, {
      plan,
      began,
      moment,
      ...now,
      ...(disks.areThose(stepOf(plan, 'lock-images').images)
        ? {}
        : { disks: disks.all.map(({ image, plugged }) => ({ image, plugged })) }),
      ...(networks.areThosePlanned ? {} : { networks: networks.all }),
      ...(kernel ? { kernel } : {}),
      ...(init ? { init } : {}),
    });
  }

  /**
   * SIGKILL to the sandbox's init: the kernel and all its helpers end with it. Where the host refuses the signal, as to root
   * without CAP_KILL, the management console halts the kernel at once. Errors: HOST_SYSTEM_CALL if that fails, too.
   */
  async kill(): Promise<void> {
    try {
      this.#sandbox.kill();
    } catch (error) {
      await this.request('halt').catch(() => {
        throw new UmlmonError('HOST_SYSTEM_CALL', {
          place: `kill of process ${this.#sandbox.init?.pid}`,
          cause: toFailure(error).cause,
          hint: capabilityHint(['CAP_KILL']) || 'kill it as root',
        });
      });
    }
  }

  /** Whether the kernel is gone within the given milliseconds. */
  async goneWithin(ms: number): Promise<boolean> {
    let timer: ClockTimer | undefined;
    const timeout = new Promise<false>((resolve) => {
      timer = this.#clock.after(ms, () => resolve(false));
    });
    try {
      return await Promise.race([this.exit.then(() => true), timeout]);
    } finally {
      timer?.cancel();
    }
  }
}
