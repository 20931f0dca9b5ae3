import { dirname, join } from 'node:path';
import { Screens } from '../console/screen/screens.ts';
import type { VmLayout } from '../jail/layout.ts';
import type { ExitRecord, VmInfo, VmState } from '../rpc/umlmonctrl.gen.ts';
import type { Clock } from '../system/clock.ts';
import { failureText, toFailure, UmlmonError } from '../system/errors/errors.ts';
import { monitorLimits } from '../system/limits/limits.ts';
import { Channels } from './consoles/channels.ts';
import { Backups } from './disks/backups.ts';
import { CrashBundles } from './endings/crash-bundle.ts';
import { readLastExit } from './endings/last-exit.ts';
import type { PolicyName } from './endings/policy.ts';
import { Restarts, type RestartsOwner } from './endings/restarts.ts';
import type { EventLog } from './events/event-log.ts';
import { type ReadyOwner, ReadyWatch } from './guest/ready-watch.ts';
import { Stats } from './guest/stats.ts';
import { inputReporter } from './input-report.ts';
import { type ActiveRun, KernelRun, type RunOwner } from './kernel-run.ts';
import type { KernelSource } from './kernels.ts';
import { type Action, type LifecycleEvent, lifecycle } from './lifecycle.ts';
import { networkInfos } from './networks/network-info.ts';
import { type OperationResult, Operations, type Report } from './operations.ts';
import type { ReportedVm } from './program/service-report.ts';
import type { Settings } from './settings.ts';
import { Hooks } from './start/hooks.ts';
import type { StartPlanner } from './start/start-planner.ts';
import { StartReport } from './start/start-report.ts';
import { startKilled } from './start-killed.ts';
import { type StopStage, stopStages } from './stop.ts';
import { removeLeftovers } from './takeover/clean-up.ts';
import { describeVm } from './vm-info.ts';
import type { VmOwner, VmParts } from './vm-parts.ts';
import { Troubles } from './warnings.ts';

/** Beside the program of the monitor. Its thread starts with the first request for a screen. */
const screenProgram = join(dirname(__filename), 'umlmon-screen.cjs');

/** One VM: its state and its operations. */
export class Vm implements RunOwner, RestartsOwner, ReadyOwner {
  readonly name: string;
  readonly layout: VmLayout;
  readonly events: EventLog;
  readonly settings: Settings;
  readonly channels: Channels;
  readonly screens = new Screens(screenProgram);
  readonly crashes: CrashBundles;
  readonly backups: Backups;
  readonly troubles: Troubles;
  readonly stats = new Stats();
  readonly ready: ReadyWatch;
  readonly hooks: Hooks;
  readonly planner: StartPlanner;
  readonly kernels: KernelSource;
  readonly clock: Clock;
  readonly #owner: VmOwner;
  readonly #operations: Operations;
  readonly #restarts: Restarts;
  #state: VmState = 'down';
  #stateSince: number;
  /** Resolves when the last start has its plan, or has failed. */
  #planned: Promise<unknown> = Promise.resolve();
  #run: KernelRun | undefined;
  #stopStages: readonly StopStage[] = [];
  #isLeaving = false;
  /** Milliseconds that the last kernel ran. */
  #ranMs = 0;
  #lastExit: ExitRecord | null;

  constructor(parts: VmParts) {
    this.#owner = parts.owner;
    this.layout = parts.layout;
    this.name = parts.layout.vm;
    this.settings = parts.settings;
    this.events = parts.events;
    this.planner = parts.planner;
    this.kernels = parts.kernels;
    this.clock = parts.clock;
    this.#stateSince = this.clock.wall();
    this.troubles = new Troubles(this.name, this.events);
    this.channels = new Channels(
      (path, change) => this.troubles.logChanged(path, change),
      inputReporter(this.events),
    );
    this.crashes = new CrashBundles(this);
    this.backups = new Backups(this);
    this.hooks = new Hooks(this.name, this.events);
    this.ready = new ReadyWatch(parts.settings.vm, this);
    this.#operations = new Operations(this.name, this.events, this.clock);
    this.#lastExit = readLastExit(parts.layout);
    this.#restarts = new Restarts(this);
  }

  get state(): VmState {
    return this.#state;
  }

  /** What the directory of the host says of the VM. */
  get summary(): Pick<VmInfo, 'name' | 'state' | 'stateSince'> & { readonly ready: boolean } {
    const { name, state } = this;
    return { name, state, stateSince: this.#stateSince, ready: this.ready.info.ready };
  }

  /**
   * Takes over a kernel that a previous monitor has left. A kernel that does not match its record is reported and left
   * alone. Without a kernel, leftovers are removed, unless the VM is preserved.
   */
  async examine(): Promise<void> {
    const search = await this.kernels.find(this.layout);
    if (search.found === 'nothing') {
      this.#enter('foreign-gone');
      this.troubles.attempt(() => this.backups.settle());
      if (this.#restarts.held?.kind !== 'kept')
        await removeLeftovers(this.layout, this.events, this.troubles).catch(this.troubles.report);
    } else if (search.found === 'foreign') this.#reportForeign(search.why);
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
    this.#enter(how);
  }

  levelReached(): void {
    this.#run?.levelReached();
  }

  killHung(): void {
    if (this.#state === 'running') this.kill('on_hang').catch(this.troubles.report);
  }

  async kernelGone(exit: ExitRecord, ranMs: number): Promise<void> {
    this.#lastExit = exit;
    this.#ranMs = ranMs;
    await this.#handle('kernel-gone');
  }

  #reportForeign(why: string): void {
    this.#enter('found-foreign');
    this.events.publish('foreign', why, { why });
  }

  /** Resolves when no kernel runs and no policy is going to start one. */
  async whenDown(): Promise<void> {
    for (;;) {
      await this.#run?.settled;
      await this.#operations.idle();
      if (this.#state !== 'running' && !this.#restarts.pending) return;
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
    else if (this.#state === 'down') this.#start('start = boot').catch(this.troubles.report);
  }

  /** A backup may still be in progress when its guest has ended. */
  async startByPolicy(policy: PolicyName): Promise<void> {
    await this.#operations.after('backup', 'restore');
    await this.#start(policy);
  }

  #start(by: string, first: () => Promise<void> = () => Promise.resolve()): Promise<OperationResult> {
    if (this.#isLeaving) return Promise.reject(this.#refusal('its monitor is about to end'));
    return this.#operations.run('start', by, async () => {
      this.#restarts.cancel();
      if (this.#state === 'foreign') await this.examine();
      if (this.#state === 'down') await first();
      return this.#handle('start-asked');
    });
  }

  /**
   * Stops in order; `timeoutMs` 0 means the configured one. `first` is the stage that it begins with. Errors: STATE_*,
   * STOP_FAILED.
   */
  async stop(
    by: string,
    timeoutMs: number,
    first: StopStage['name'] = 'ctrl-alt-del',
  ): Promise<OperationResult> {
    await this.#endStartThatWaits();
    return this.#operations.run('stop', by, () => {
      if (this.#restarts.cancel()) return Promise.resolve('down; the restart by policy is cancelled');
      this.#stopStages = stopStages(timeoutMs || this.settings.vm.stop_timeout, first);
      return this.#handle('stop-asked', by);
    });
  }

  /** A start whose kernel is up only waits for the guest: that holds up no stop. */
  async #endStartThatWaits(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#run?.goOn();
    await this.#operations.after('start');
  }

  /** Ends the kernel at once. Errors: STATE_WRONG, STOP_FAILED. */
  kill(by: string): Promise<OperationResult> {
    return this.#operations.run('kill', by, async () => {
      if (this.#restarts.cancel()) return 'down; the restart by policy is cancelled';
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
    const isComing = isStarting || (this.#state === 'running' && !readiness.ready);
    return { state: this.#state, isComing, readiness };
  }

  /** Copies the images of a VM that runs; `name` '' is the time. Errors: STATE_*, those of backUp. */
  backup(by: string, name: string): Promise<OperationResult> {
    const work = (report: Report): Promise<string> => {
      if (this.#state === 'down') throw this.#refusal('it is down: its images can be copied as they are');
      return this.backups.make(name, this.running(['running']), report);
    };
    return this.#operations.run('backup', by, work, name);
  }

  /** Puts the images of a backup back into a VM that is down. Errors: STATE_*, those of restoreBackup. */
  restore(by: string, name: string): Promise<OperationResult> {
    const work = (report: Report): Promise<string> => {
      if (this.#state !== 'down')
        throw this.#refusal(`it is ${this.#state}: stop it before its images are restored`);
      return this.backups.restore(name, report);
    };
    return this.#operations.run('restore', by, work, name);
  }

  /** The kernel that runs, with what belongs to it. Errors: STATE_WRONG. */
  running(states: readonly VmState[] = ['running', 'stopping']): ActiveRun {
    const { kernel, pause } = this.#run ?? {};
    if (!states.includes(this.#state))
      throw this.#refusal(`it is ${this.#state}`, this.#state === 'down' ? '-start' : '-info');
    if (!kernel || !pause) throw this.#refusal('its kernel is gone');
    return { kernel, pause, config: this.settings.vm };
  }

  /** The monitor ends: a guest that runs is stopped in order first, and nobody can start it again. */
  async leave(reason: string): Promise<void> {
    this.#isLeaving = true;
    this.#restarts.cancel();
    await this.backups.abort(`the monitor leaves: ${reason}`);
    await this.#endStartThatWaits();
    await this.#operations.idle();
    if (this.#state === 'running') await this.stop(reason, 0);
    await this.#run?.settled;
    await this.hooks.idle();
  }

  info(): VmInfo {
    const run = this.#run;
    const { networks } = run?.kernel ?? {};
    return describeVm({
      config: this.settings.vm,
      state: this.#state,
      stateSince: this.#stateSince,
      operation: this.#operations.current,
      monitorPid: process.pid,
      tcp: this.#owner.tcp,
      kernel: run?.kernel,
      mconsole: this.layout.mconsole,
      guestMessage: run?.guestMessage ?? '',
      guestValues: run?.guestValues ?? new Map(),
      readiness: this.ready.info,
      consoles: this.channels.infos(),
      networks: networkInfos(this.settings.vm, this.layout, networks?.all),
      warnings: networks?.warnings ?? [],
      lastExit: this.#lastExit,
      eventsNext: this.events.next,
      logDropped: this.#owner.logDropped,
      troubles: this.troubles.count,
      lastTrouble: this.troubles.last,
      hungSince: run?.hungSince ?? 0,
      held: this.#restarts.held,
      paused: run?.pause?.paused ?? null,
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

  /** Takes an event through the table and does what the table says; resolves to a line for people. */
  async #handle(event: LifecycleEvent, by = ''): Promise<string> {
    const actions = this.#enter(event);
    if (by && this.#run) this.#run.askedBy = by;
    let summary = '';
    for (const action of actions) summary = await this.#actions[action]();
    return summary;
  }

  #enter(event: LifecycleEvent): readonly Action[] {
    const cell = lifecycle[this.#state][event];
    if (cell === 'impossible') throw new Error(`${event} cannot happen while ${this.name} is ${this.#state}`);
    if ('refuse' in cell) throw this.#refusal(cell.refuse);
    if (cell.next !== this.#state) {
      const from = this.#state;
      this.#state = cell.next;
      this.#stateSince = this.clock.wall();
      this.events.publish('state', `${from} → ${cell.next}`, { from, to: cell.next });
    }
    return cell.actions;
  }

  #refusal(cause: string, word: '-info' | '-start' = '-info'): UmlmonError {
    return new UmlmonError('STATE_WRONG', { place: this.name, cause, hint: `umlwatch ${this.name} ${word}` });
  }

  async #planAndExecute(): Promise<string> {
    const report = new StartReport(this.events, this.clock);
    let summary = '';
    try {
      this.backups.settle();
      const planning = this.planner.planStart();
      this.#planned = planning.catch(() => undefined);
      const { configured, plan, warnings } = await planning;
      if (this.#state !== 'starting') throw startKilled('killed before it had a plan');
      this.troubles.warn(warnings);
      this.settings.putInForce(configured);
      summary = await this.#newRun().execute(plan, report);
    } catch (error) {
      this.#enter('start-failed');
      throw error;
    }
    return `${summary}${(await this.#run?.untilGuestRuns()) ?? ''}`;
  }

  async #stopCleanly(): Promise<string> {
    const stage = await this.#run?.stop(this.#stopStages);
    if (stage !== 'ctrl-alt-del') return `stopped by ${stage}`;
    return this.#lastExit?.cause === 'poweroff' ? 'stopped in order' : 'stopped; the guest wanted to reboot';
  }

  async #killNow(): Promise<string> {
    await this.#planned;
    return (await this.#run?.kill()) ? 'killed' : 'killed while starting';
  }
}
