import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Screens } from '../console/screen/screens.ts';
import type { ExitRecord, VmInfo, VmState } from '../rpc/umlmonctrl.gen.ts';
import { failureText, toFailure, UmlmonError } from '../system/errors/errors.ts';
import { monitorLimits } from '../system/limits/limits.ts';
import { Channels } from './consoles/channels.ts';
import { Backups } from './disks/backups.ts';
import { CrashBundles } from './endings/crash-bundle.ts';
import { readLastExit } from './endings/last-exit.ts';
import { Restarts } from './endings/restarts.ts';
import type { EventLog } from './events/event-log.ts';
import { ReadyWatch } from './guest/ready-watch.ts';
import { Stats } from './guest/stats.ts';
import { inputReporter } from './input-report.ts';
import { type Action, type LifecycleEvent, lifecycle } from './lifecycle.ts';
import { networkInfos } from './networks/network-info.ts';
import { type OperationResult, Operations, type Report } from './operations.ts';
import type { ReportedVm } from './program/service-report.ts';
import { Run, type Running } from './run.ts';
import type { Settings } from './settings.ts';
import { Hooks } from './start/hooks.ts';
import { StartReport } from './start/start-report.ts';
import { startKilled } from './start-killed.ts';
import { type StopStage, stopStages } from './stop.ts';
import { removeLeftovers } from './takeover/clean-up.ts';
import { findKernel } from './takeover/find-kernel.ts';
import { describeVm } from './vm-info.ts';
import type { VmParts } from './vm-parts.ts';
import { Troubles } from './warnings.ts';

/** Beside the program of the monitor; its thread begins when somebody asks for a screen. */
const screenProgram = join(dirname(__filename), 'umlmon-screen.cjs');

/** One VM: its state, and everything that may be done to it. */
export class Vm {
  readonly name: string;
  readonly events: EventLog;
  readonly settings: Settings;
  readonly channels: Channels;
  readonly screens = new Screens(screenProgram);
  readonly crashes: CrashBundles;
  readonly backups: Backups;
  readonly troubles: Troubles;
  readonly stats = new Stats();
  readonly #parts: VmParts;
  readonly #operations: Operations;
  readonly #restarts: Restarts;
  readonly #ready: ReadyWatch;
  readonly #hooks: Hooks;
  #state: VmState = 'down';
  #stateSince = Date.now();
  /** Resolves when the last start had a plan, or failed before. */
  #planned: Promise<unknown> = Promise.resolve();
  #run: Run | undefined;
  #stopStages: readonly StopStage[] = [];
  #isLeaving = false;
  /** Milliseconds that the last kernel ran. */
  #ranMs = 0;
  #lastExit: ExitRecord | null;

  constructor(parts: VmParts) {
    this.#parts = parts;
    this.settings = parts.settings;
    this.name = parts.layout.vm;
    this.events = parts.events;
    this.troubles = new Troubles(this.name, this.events);
    const trouble = this.troubles.report;
    this.channels = new Channels(
      (path, change) => this.troubles.logChanged(path, change),
      inputReporter(this.events),
    );
    this.crashes = new CrashBundles({ ...parts, channels: this.channels, screens: this.screens, trouble });
    this.backups = new Backups({ ...parts, channels: this.channels, trouble });
    this.#hooks = new Hooks(this.name, this.events);
    this.#operations = new Operations(this.name, this.events);
    this.#lastExit = readLastExit(parts.layout);
    const onReached = () => this.#run?.reached();
    this.#ready = new ReadyWatch(parts.settings.vm, { ...parts, channels: this.channels, onReached });
    this.#restarts = new Restarts({
      ...parts,
      // A guest that ended by itself may have done so in the middle of a backup, which does not need it any more.
      start: (policy) => this.#operations.after('backup', 'restore').then(() => this.#begin(policy)),
      trouble,
    });
  }

  get state(): VmState {
    return this.#state;
  }

  /** What the directory of the host says of the VM. */
  get summary(): Pick<VmInfo, 'name' | 'state' | 'stateSince'> & { readonly ready: boolean } {
    const { name, state } = this;
    return { name, state, stateSince: this.#stateSince, ready: this.#ready.info.ready };
  }

  /**
   * Looks for a kernel that a former monitor has left, and takes it over; one that is not what was recorded is
   * reported and left alone. If there is none, the leftovers are removed, unless they are kept for inspection.
   */
  async examine(): Promise<void> {
    const finding = await findKernel(this.#parts.layout);
    if (finding.found === 'nothing') {
      this.#enter('foreign-gone');
      this.troubles.attempt(() => this.backups.settle());
      if (this.#restarts.held?.kind !== 'kept')
        await removeLeftovers(this.#parts.layout, this.events, this.troubles.report).catch(
          this.troubles.report,
        );
    } else if (finding.found === 'foreign') this.#reportForeign(finding.why);
    else
      await this.#newRun()
        .adopt(finding, () => this.#enter('adopted'))
        .catch((error: unknown) => this.#reportForeign(failureText(toFailure(error, this.name))));
  }

  #newRun(): Run {
    this.#run = new Run({
      ...this.#parts,
      config: this.settings.vm,
      channels: this.channels,
      crashes: this.crashes,
      ready: this.#ready,
      troubles: this.troubles,
      hooks: this.#hooks,
      killHung: () => {
        if (this.#state === 'running') this.kill('on_hang').catch(this.troubles.report);
      },
      ended: (exit, ranMs) => {
        this.#lastExit = exit;
        this.#ranMs = ranMs;
        return this.#handle('kernel-gone');
      },
    });
    return this.#run;
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
      await (this.#run?.kernel?.exit ?? delay(monitorLimits.restartInterval));
    }
  }

  /** Boots the VM; done when its guest runs. Errors: STATE_*, CONFIG_INVALID, those of the step that failed, START_CRASHED. */
  start(by: string): Promise<OperationResult> {
    return this.#begin(by, () => this.#restarts.forget());
  }

  /** What `start = boot` asks for when a monitor comes up: nothing if the VM runs, or a former monitor let it lie. */
  boot(): void {
    const { held } = this.#restarts;
    if (held) this.events.publish(held.kind, `not booted: ${held.why}; start it to end this`);
    // Nobody waits for this boot: that it failed is told to whoever looks later. The monitor stays for another try.
    else if (this.#state === 'down') this.#begin('start = boot').catch(this.troubles.report);
  }

  #begin(by: string, first: () => Promise<void> = () => Promise.resolve()): Promise<OperationResult> {
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
    const readiness = this.#ready.info;
    const isStarting = this.#restarts.pending || this.#operations.current?.name === 'start';
    const isComing = isStarting || (this.#state === 'running' && !readiness.ready);
    return { state: this.#state, isComing, readiness };
  }

  /** Copies the images of a VM that runs; `name` '' is the time. Errors: STATE_*, those of backUp. */
  backup(by: string, name: string): Promise<OperationResult> {
    const work = (report: Report): Promise<string> => {
      if (this.#state === 'down') throw this.#refusal('it is down: its images can be copied as they are');
      return this.backups.make(name, { ...this.running(['running']), report });
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
  running(states: readonly VmState[] = ['running', 'stopping']): Running {
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
    await this.#hooks.idle();
  }

  info(): VmInfo {
    return describeVm({
      config: this.settings.vm,
      state: this.#state,
      stateSince: this.#stateSince,
      operation: this.#operations.current,
      monitorPid: process.pid,
      tcp: this.#parts.tcp(),
      kernel: this.#run?.kernel,
      mconsole: this.#parts.layout.mconsole,
      guestMessage: this.#run?.guestMessage ?? '',
      guestValues: this.#run?.guestValues ?? new Map(),
      readiness: this.#ready.info,
      consoles: this.channels.infos(),
      networks: networkInfos(this.settings.vm, this.#parts.layout, this.#run?.kernel?.networks.all),
      warnings: this.#run?.kernel?.networks.warnings ?? [],
      lastExit: this.#lastExit,
      eventsNext: this.events.next,
      logDropped: this.#parts.monitorLogDropped(),
      troubles: this.troubles.count,
      lastTrouble: this.troubles.last,
      hungSince: this.#run?.hungSince ?? 0,
      held: this.#restarts.held,
      paused: this.#run?.pause?.paused ?? null,
    });
  }

  readonly #actions: Record<Action, () => Promise<string>> = {
    'begin-start': () => this.#beginStart(),
    'begin-stop': () => this.#stopInOrder(),
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
      this.#stateSince = Date.now();
      this.events.publish('state', `${from} → ${cell.next}`, { from, to: cell.next });
    }
    return cell.actions;
  }

  #refusal(cause: string, word: '-info' | '-start' = '-info'): UmlmonError {
    return new UmlmonError('STATE_WRONG', { place: this.name, cause, hint: `umlwatch ${this.name} ${word}` });
  }

  async #beginStart(): Promise<string> {
    const report = new StartReport(this.events);
    let summary = '';
    try {
      this.backups.settle();
      const planning = this.#parts.makePlan();
      this.#planned = planning.catch(() => undefined);
      const { configured, plan, warnings } = await planning;
      if (this.#state !== 'starting') throw startKilled('killed before it had a plan');
      this.troubles.warn(warnings);
      this.settings.begin(configured);
      await this.#newRun().launch(plan, report, (kernel) => {
        this.#enter('kernel-up');
        summary = report.kernelUp(kernel);
      });
    } catch (error) {
      this.#enter('start-failed');
      throw error;
    }
    return `${summary}${(await this.#run?.untilGuestRuns()) ?? ''}`;
  }

  async #stopInOrder(): Promise<string> {
    const stage = await this.#run?.stop(this.#stopStages);
    if (stage !== 'ctrl-alt-del') return `stopped by ${stage}`;
    return this.#lastExit?.cause === 'poweroff' ? 'stopped in order' : 'stopped; the guest wanted to reboot';
  }

  async #killNow(): Promise<string> {
    await this.#planned;
    return (await this.#run?.kill()) ? 'killed' : 'killed while starting';
  }
}
