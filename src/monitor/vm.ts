import type { ExitRecord, VmInfo, VmState } from '../rpc/umlmonctrl.gen.ts';
import { failureText, toFailure } from '../system/errors/errors.ts';
import { monitorLimits } from '../system/limits/limits.ts';
import { readLastExit } from './endings/last-exit.ts';
import type { PolicyName } from './endings/policy.ts';
import { Restarts, type RestartsOwner } from './endings/restarts.ts';
import { type ReadyOwner, ReadyWatch } from './guest/ready-watch.ts';
import { type ActiveRun, KernelRun, type RunOwner } from './kernel-run.ts';
import type { Action, LifecycleEvent } from './lifecycle.ts';
import { type OperationResult, Operations, type Report } from './operations.ts';
import type { ReportedVm } from './program/service-report.ts';
import { StartReport } from './start/start-report.ts';
import { startKilled } from './start-killed.ts';
import { type StopStage, stopStages } from './stop.ts';
import { removeLeftovers } from './takeover/clean-up.ts';
import { VmBase } from './vm-base.ts';
import { describeVm } from './vm-info.ts';
import type { VmOwner, VmParts } from './vm-parts.ts';
import { StateMachine } from './vm-state.ts';

/** One VM: its state and its operations. */
export class Vm extends VmBase implements RunOwner, RestartsOwner, ReadyOwner {
  readonly ready: ReadyWatch;
  readonly #owner: VmOwner;
  readonly #state: StateMachine;
  readonly #operations: Operations;
  readonly #restarts: Restarts;
  /** Resolves when the last start has its plan, or has failed. */
  #planned: Promise<unknown> = Promise.resolve();
  #run: KernelRun | undefined;
  #stopStages: readonly StopStage[] = [];
  #isLeaving = false;
  /** Milliseconds that the last kernel ran. */
  #ranMs = 0;
  #lastExit: ExitRecord | null;

  constructor(parts: VmParts) {
    super(parts);
    this.#owner = parts.owner;
    this.#state = new StateMachine(this.name, this.events, this.clock);
    this.ready = new ReadyWatch(this.settings.vm, this);
    this.#operations = new Operations(this.name, this.events, this.clock);
    this.#lastExit = readLastExit(this.layout);
    this.#restarts = new Restarts(this);
  }

  get state(): VmState {
    return this.#state.state;
  }

  /** The entry of the VM in the directory of the host. */
  get summary(): Pick<VmInfo, 'name' | 'state' | 'stateSince'> & { readonly ready: boolean } {
    const { name, state } = this;
    return { name, state, stateSince: this.#state.since, ready: this.ready.info.ready };
  }

  /**
   * Takes over a kernel that a previous monitor has left. A kernel that does not match its record is reported and left
   * alone. Without a kernel, leftovers are removed, unless the VM is preserved.
   */
  async examine(): Promise<void> {
    const search = await this.kernels.find(this.layout);
    if (search.found === 'nothing') {
      this.#state.enter('unmanaged-gone');
      this.warnings.attempt(() => this.backups.settle());
      if (this.#restarts.held?.kind !== 'preserved')
        await removeLeftovers(this.layout, this.events, this.warnings).catch(this.warnings.report);
    } else if (search.found === 'unmanaged') this.#reportForeign(search.why);
    else
      await this.#newRun()
        .adopt(search)
        .catch((error: unknown) => this.#reportForeign(failureText(toFailure(error, this.name))));
  }

  #newRun(): KernelRun {
    this.#run = new KernelRun(this);
    return this.#run;
  }

  kernelUp(how: 'kernel-up' | 'adopted'): void {
    this.#state.enter(how);
  }

  levelReached(): void {
    this.#run?.levelReached();
  }

  killHung(): void {
    if (this.state === 'running') this.kill('on_hang').catch(this.warnings.report);
  }

  async kernelGone(exit: ExitRecord, ranMs: number): Promise<void> {
    this.#lastExit = exit;
    this.#ranMs = ranMs;
    await this.#handle('kernel-gone');
  }

  #reportForeign(why: string): void {
    this.#state.enter('found-unmanaged');
    this.events.publish('unmanaged', why, { why });
  }

  /** Resolves when no kernel runs and no restart by policy is pending. */
  async whenDown(): Promise<void> {
    for (;;) {
      await this.#run?.settled;
      await this.#operations.idle();
      if (this.state !== 'running' && !this.#restarts.pending) return;
      await (this.#run?.kernel?.exit ?? this.clock.delay(monitorLimits.restartInterval));
    }
  }

  /** Starts the VM; done when its guest runs. Errors: STATE_*, CONFIG_INVALID, those of the step that failed, START_CRASHED. */
  start(by: string): Promise<OperationResult> {
    return this.#start(by, () => this.#restarts.forget());
  }

  /** Does `start = boot` of a monitor that comes up: nothing if the VM runs, or is held since before. */
  startAtBoot(): void {
    const { held } = this.#restarts;
    if (held) this.events.publish(held.kind, `not booted: ${held.why}; start it to end this`);
    // A failure is reported as a warning, and the monitor stays for the next attempt.
    else if (this.state === 'stopped') this.#start('start = boot').catch(this.warnings.report);
  }

  /** A backup may still be in progress when its guest has ended. */
  async startByPolicy(policy: PolicyName): Promise<void> {
    await this.#operations.after('backup', 'restore');
    await this.#start(policy);
  }

  #start(by: string, first: () => Promise<void> = () => Promise.resolve()): Promise<OperationResult> {
    if (this.#isLeaving) return Promise.reject(this.#state.refusal('its monitor is about to end'));
    return this.#operations.run('start', by, async () => {
      this.#restarts.cancel();
      if (this.state === 'unmanaged') await this.examine();
      if (this.state === 'stopped') await first();
      return this.#handle('start-asked');
    });
  }

  /** Stops cleanly; `timeoutMs` 0: as configured. `first` is the first stage. Errors: STATE_*, STOP_FAILED. */
  async stop(
    by: string,
    timeoutMs: number,
    first: StopStage['name'] = 'ctrl-alt-del',
  ): Promise<OperationResult> {
    await this.#endStartThatWaits();
    return this.#operations.run('stop', by, () => {
      if (this.#restarts.cancel()) return Promise.resolve('stopped; the restart by policy is cancelled');
      this.#stopStages = stopStages(timeoutMs || this.settings.vm.stop_timeout, first);
      return this.#handle('stop-asked', by);
    });
  }

  /** A start whose kernel is up only waits for the guest: a stop does not wait for that. */
  async #endStartThatWaits(): Promise<void> {
    if (this.state !== 'running') return;
    this.#run?.goOn();
    await this.#operations.after('start');
  }

  /** Ends the kernel at once. Errors: STATE_WRONG, STOP_FAILED. */
  kill(by: string): Promise<OperationResult> {
    return this.#operations.run('kill', by, async () => {
      if (this.#restarts.cancel()) return 'stopped; the restart by policy is cancelled';
      const aborted = this.backups.abort(`the VM was killed by ${by}`);
      const summary = await this.#handle('kill-asked', by);
      await aborted;
      return summary;
    });
  }

  /** For the service manager of the host. */
  get reported(): ReportedVm {
    const readiness = this.ready.info;
    const isStarting = this.#restarts.pending || this.#operations.current?.name === 'start';
    const isComing = isStarting || (this.state === 'running' && !readiness.ready);
    return { state: this.state, isComing, readiness };
  }

  /** Copies the images of a running VM; `name` '' is the time. Errors: STATE_*, those of backUp. */
  backup(by: string, name: string): Promise<OperationResult> {
    const work = (report: Report): Promise<string> => {
      if (this.state === 'stopped') throw this.#state.refusal('it is stopped: copy its images as they are');
      return this.backups.make(name, this.running(['running']), report);
    };
    return this.#operations.run('backup', by, work, name);
  }

  /** Restores the images of a backup into a stopped VM. Errors: STATE_*, those of restoreBackup. */
  restore(by: string, name: string): Promise<OperationResult> {
    const work = (report: Report): Promise<string> => {
      if (this.state !== 'stopped')
        throw this.#state.refusal(`it is ${this.state}: stop it before its images are restored`);
      return this.backups.restore(name, report);
    };
    return this.#operations.run('restore', by, work, name);
  }

  /** The running kernel, with what belongs to it. Errors: STATE_WRONG. */
  running(states: readonly VmState[] = ['running', 'stopping']): ActiveRun {
    const { kernel, pause } = this.#run ?? {};
    if (!states.includes(this.state))
      throw this.#state.refusal(`it is ${this.state}`, this.state === 'stopped' ? '-start' : '-info');
    if (!kernel || !pause) throw this.#state.refusal('its kernel has ended');
    return { kernel, pause, config: this.settings.vm };
  }

  /** The monitor shuts down: refuses starts, and stops a running guest cleanly. */
  async leave(reason: string): Promise<void> {
    this.#isLeaving = true;
    this.#restarts.cancel();
    await this.backups.abort(`the monitor shuts down: ${reason}`);
    await this.#endStartThatWaits();
    await this.#operations.idle();
    if (this.state === 'running') await this.stop(reason, 0);
    await this.#run?.settled;
    await this.hooks.idle();
  }

  info(): VmInfo {
    return describeVm({
      vm: this,
      owner: this.#owner,
      state: this.#state,
      readiness: this.ready.info,
      operation: this.#operations.current,
      run: this.#run,
      lastExit: this.#lastExit,
      held: this.#restarts.held,
    });
  }

  readonly #actions: Record<Action, () => Promise<string>> = {
    start: () => this.#planAndExecute(),
    stop: () => this.#stopCleanly(),
    kill: () => this.#killNow(),
    'apply-policy': async () => {
      if (this.#lastExit) this.#restarts.afterExit(this.#lastExit, this.settings.vm, this.#ranMs);
      return '';
    },
  };

  /** Takes an event through the table and does the actions; resolves to a line for users. */
  async #handle(event: LifecycleEvent, by = ''): Promise<string> {
    const actions = this.#state.enter(event);
    if (by && this.#run) this.#run.askedBy = by;
    let summary = '';
    for (const action of actions) summary = await this.#actions[action]();
    return summary;
  }

  async #planAndExecute(): Promise<string> {
    const report = new StartReport(this.events, this.clock);
    let summary = '';
    try {
      this.backups.settle();
      const planning = this.planner.planStart();
      this.#planned = planning.catch(() => undefined);
      const { configured, plan, warnings } = await planning;
      if (this.state !== 'starting') throw startKilled('killed before it had a plan');
      this.warnings.warn(warnings);
      this.settings.putInForce(configured);
      summary = await this.#newRun().execute(plan, report);
    } catch (error) {
      this.#state.enter('start-failed');
      throw error;
    }
    return `${summary}${(await this.#run?.untilGuestRuns()) ?? ''}`;
  }

  async #stopCleanly(): Promise<string> {
    const stage = await this.#run?.stop(this.#stopStages);
    if (stage !== 'ctrl-alt-del') return `stopped by ${stage}`;
    return this.#lastExit?.cause === 'poweroff' ? 'stopped cleanly' : 'stopped; the guest wanted to reboot';
  }

  async #killNow(): Promise<string> {
    await this.#planned;
    return (await this.#run?.kill()) ? 'killed' : 'killed while starting';
  }
}
