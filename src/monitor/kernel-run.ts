import type { VmConfig } from '../config/config.ts';
import type { VmLayout } from '../jail/layout.ts';
import type { Notification } from '../kernel/notify.ts';
import { panicLines } from '../kernel/panic-lines.ts';
import type { LaunchPlan, Step } from '../plan/plan.ts';
import type { ExitRecord } from '../rpc/umlmonctrl.gen.ts';
import { type Clock, msSince, wallMoment } from '../system/clock.ts';
import { monitorLimits } from '../system/limits/limits.ts';
import { type MemoryCgroup, outOfMemory } from '../system/processes/memory-cgroup.ts';
import { memoryCgroups } from '../system/processes/memory-limits.ts';
import type { Channels } from './consoles/channels.ts';
import type { CrashBundles } from './endings/crash-bundle.ts';
import { describeExit } from './endings/exit-record.ts';
import { publishExit, writeLastExit } from './endings/last-exit.ts';
import type { EventLog } from './events/event-log.ts';
import { type GuestValues, parseGuestValue, withGuestValue } from './guest/guest-values.ts';
import { HangPolicy } from './guest/hang-policy.ts';
import { HangWatch } from './guest/hang-watch.ts';
import { Pause, type Paused, type PauseOwner } from './guest/pause.ts';
import type { ReadyWatch } from './guest/ready-watch.ts';
import { AutoTrim, returnMemory, type Trimmed, type TrimOwner } from './guest/trim.ts';
import type { KernelOwner } from './kernel-owner.ts';
import type { KernelSource } from './kernels.ts';
import { linkReporter } from './networks/link-report.ts';
import type { RunningKernel } from './running-kernel.ts';
import { learnFromBoot } from './start/boot-messages.ts';
import { judgeEarlyEnd } from './start/early-end.ts';
import type { HookMoment, Hooks } from './start/hooks.ts';
import type { StartPlanner } from './start/start-planner.ts';
import { reportAdoption, type StartReport } from './start/start-report.ts';
import { type StopOwner, type StopStage, stopFailed, stopKernel } from './stop.ts';
import type { FoundKernel } from './takeover/find-kernel.ts';
import type { VmContext } from './vm-parts.ts';
import type { Warnings } from './warnings.ts';

/** What a run needs of its VM. */
export interface RunOwner extends VmContext {
  readonly planner: StartPlanner;
  readonly kernels: KernelSource;
  readonly crashes: CrashBundles;
  readonly ready: ReadyWatch;
  readonly hooks: Hooks;
  /** Ends a kernel that hangs, unless a stop is in progress. */
  killHung(): void;
  /** The kernel is up: executed or adopted. Called before its end can be seen. */
  kernelUp(how: 'kernel-up' | 'adopted'): void;
  /** The kernel has ended, everything of it is released, and its exit is recorded. `ranMs` is how long it ran. */
  kernelGone(exit: ExitRecord, ranMs: number): Promise<void>;
}

/** A kernel that runs, with what belongs to it. */
export interface ActiveRun {
  readonly kernel: RunningKernel;
  readonly pause: Pause;
  readonly config: VmConfig;
}

/** One run of a kernel: from the execution of its plan, or its adoption, until everything that it used is released. */
export class KernelRun implements KernelOwner, StopOwner, PauseOwner, TrimOwner {
  /** Who asked for its end, or ''. */
  askedBy = '';
  /** The last message of the guest that is free text, or ''. */
  guestMessage = '';
  /** The last values of its messages of the form `key=value`. */
  guestValues: GuestValues = new Map();
  /** Resolves when the execution of the plan has ended, well or not. */
  executed: Promise<void> = Promise.resolve();
  /** Resolves when the end of the kernel has been handled. */
  settled: Promise<void> = Promise.resolve();
  /** Configuration of the VM at the start of the run. */
  readonly config: VmConfig;
  readonly layout: VmLayout;
  readonly events: EventLog;
  readonly channels: Channels;
  readonly warnings: Warnings;
  readonly clock: Clock;
  readonly #vm: RunOwner;
  readonly #abort = new AbortController();
  readonly #goOn = new AbortController();
  #exit: ExitRecord | undefined;
  #kernel: RunningKernel | undefined;
  #hangWatch: HangWatch | undefined;
  #pause: Pause | undefined;
  #trim: AutoTrim | undefined;
  /** Whether a SIGKILL of ours was on its way. */
  #killed = false;
  #report: StartReport | undefined;
  #panic = '';
  /** Of our cgroups, when the kernel was spawned or adopted. */
  #memory: readonly MemoryCgroup[] = [];
  /** Offset on con0 of the output of this kernel. */
  #con0From = 0;
  #wasReady = false;

  constructor(vm: RunOwner) {
    this.#vm = vm;
    this.config = vm.settings.vm;
    this.layout = vm.layout;
    this.events = vm.events;
    this.channels = vm.channels;
    this.warnings = vm.warnings;
    this.clock = vm.clock;
  }

  /** Aborted by a kill. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Undefined before it is up, and when it is gone. */
  get kernel(): RunningKernel | undefined {
    return this.#kernel;
  }

  /** Milliseconds since 1970; 0 if the kernel does not hang. */
  get hungSince(): number {
    return this.#hangWatch?.since ?? 0;
  }

  /** Undefined before the kernel is up, and when it is gone. */
  get pause(): Pause | undefined {
    return this.#pause;
  }

  /**
   * Executes the plan. Resolves to the summary of the start when the kernel is up.
   *
   * @throws those of the step that failed; then nothing is left of the start
   */
  async execute(plan: LaunchPlan, report: StartReport): Promise<string> {
    let announce: () => void = () => undefined;
    this.executed = new Promise((resolve) => {
      announce = resolve;
    });
    const { ready, hooks, kernels } = this.#vm;
    const con0 = this.channels.get('con0');
    this.#report = report;
    this.#con0From = con0.ring.next;
    ready.watchStart(this.config, report.elapsedMs());
    try {
      // Without a hook the plan is executed in the moment in which it was made.
      if (this.config.hook) await hooks.prepare(this.config.hook, plan, this.signal);
      const kernel = await kernels.execute(plan, this);
      this.#vm.kernelUp('kernel-up');
      const summary = report.kernelUp(kernel);
      this.#attend(kernel);
      this.#callHook('start', plan);
      ready.reach('kernel');
      learnFromBoot(plan, con0, this.#con0From, this.#vm);
      return summary;
    } catch (error) {
      ready.end();
      this.#callHook('release', plan);
      throw error;
    } finally {
      announce();
    }
  }

  /** A step of the plan is done. */
  stepDone(step: Step['do']): void {
    this.#report?.step(step);
    if (step === 'open-consoles') this.#vm.ready.watchConsole({ past: false });
    else if (step === 'launch') this.#vm.ready.reach('launched');
  }

  /**
   * Takes over a kernel that a previous monitor has left.
   *
   * @throws those of adoptKernel; the kernel is unchanged then
   */
  async adopt(found: FoundKernel): Promise<void> {
    const { ready, kernels } = this.#vm;
    const { began, moment = wallMoment(began), reached = {}, pause } = found.record;
    ready.watchStart(this.config, msSince(moment, this.clock));
    try {
      const kernel = await kernels.adopt(found, this);
      this.#vm.kernelUp('adopted');
      reportAdoption(kernel, this.channels, this.events);
      this.#wasReady = reached[this.config.ready] !== undefined;
      this.#attend(kernel, pause);
      // A monitor that was killed in the middle of a trim has left a guest with less memory.
      returnMemory(kernel).catch(this.warnings.report);
      ready.restore(reached);
      for (const level of ['launched', 'kernel'] as const) ready.reach(level);
      ready.watchConsole({ past: true });
    } catch (error) {
      ready.end();
      throw error;
    }
  }

  /**
   * Waits until the guest runs, within monitorLimits.firstProcessWait. Resolves to an addition to the summary of the start.
   * Errors: those of judgeEarlyEnd.
   */
  async untilGuestRuns(): Promise<string> {
    const kernel = this.#kernel;
    const end = Promise.race([kernel?.exit, aborted(this.#goOn.signal)]);
    const found = kernel ? await this.#vm.kernels.awaitFirstProcess(kernel, end) : 'ended';
    if (found === 'runs') return '';
    if (found === 'not-yet' || this.#goOn.signal.aborted) return '; its guest runs no process yet';
    await this.settled;
    return judgeEarlyEnd(this.layout.vm, this.#exit);
  }

  /** Ends untilGuestRuns: another operation waits. */
  goOn(): void {
    this.#goOn.abort();
  }

  /** Takes the kernel through the stages; returns the one that ended it. Errors: STOP_FAILED. */
  async stop(stages: readonly StopStage[]): Promise<StopStage['name']> {
    const kernel = this.#kernel;
    if (!kernel) throw new Error('no kernel to stop');
    // A paused guest cannot shut down.
    if (this.#pause?.paused) await this.#pause.resume('stop').catch(this.warnings.report);
    const stage = await stopKernel(kernel, stages, this);
    if (stage === undefined) throw stopFailed(this.layout.vm);
    await this.settled;
    return stage;
  }

  stageBegan({ name, waitMs }: StopStage): void {
    if (name === 'kill') this.#killed = true;
    this.events.publish('stop-stage', `${name}, then up to ${waitMs / 1000} s`, {
      stage: name,
      wait_ms: waitMs,
    });
  }

  /** Kills the kernel, or ends the execution of the plan. Returns whether there was a kernel. Errors: STOP_FAILED. */
  async kill(): Promise<boolean> {
    this.#killed = true;
    this.#abort.abort(this.askedBy);
    await this.executed;
    const kernel = this.#kernel;
    if (!kernel) return false;
    await kernel.kill();
    if (!(await kernel.goneWithin(monitorLimits.killWait))) throw stopFailed(this.layout.vm);
    await this.settled;
    return true;
  }

  /** The VM has reached a level of readiness. */
  levelReached(): void {
    this.record();
    if (this.#wasReady || !this.#kernel || !this.#vm.ready.info.ready) return;
    this.#wasReady = true;
    this.#callHook('ready', this.#kernel.plan);
  }

  #callHook(moment: Exclude<HookMoment, 'prepare'>, plan: LaunchPlan): void {
    this.#vm.hooks.call(moment, this.config.hook, plan);
  }

  /** Writes the state of the run for the next monitor. */
  record(): void {
    const pause = this.#pause?.paused;
    this.warnings.attempt(() => this.#kernel?.record({ reached: this.#vm.ready.reached, pause }));
  }

  get isPaused(): boolean {
    return this.#pause?.paused !== undefined;
  }

  trimmed({ before, after }: Trimmed): void {
    this.events.publish('trimmed', `by mem_trim: ${before} → ${after} bytes`, { before, after });
  }

  /** From now on this kernel is the VM's; when it ends, everything of it is released. */
  #attend(kernel: RunningKernel, left?: Paused): void {
    const { events, warnings, config, clock } = this;
    this.#kernel = kernel;
    this.#memory = memoryCgroups();
    this.#pause = new Pause(kernel, this);
    if (left) this.#pause.restore(left);
    this.#trim = new AutoTrim(kernel, config.mem_trim, this);
    warnings.attempt(() => kernel.networks.watch(linkReporter(events), { events, warning: warnings.report }));
    this.#hangWatch = new HangWatch(
      kernel,
      config.hang_check,
      new HangPolicy(config.on_hang, this.#vm),
      clock,
    );
    this.settled = kernel.exit.then((status) => this.#settle(kernel, status)).catch(warnings.report);
  }

  /** After the kernel's end: releases, syncs and records; only then the VM is stopped. */
  async #settle(kernel: RunningKernel, status: number | undefined): Promise<void> {
    const { layout, config, events, channels, warnings } = this;
    const { crashes, ready } = this.#vm;
    const endedAt = this.clock.wall();
    ready.end();
    await kernel.networks.unwatch();
    this.#callHook('stopped', kernel.plan);
    this.#hangWatch?.close();
    this.#hangWatch = undefined;
    this.#trim?.close();
    this.#pause?.close();
    this.#pause = undefined;
    const releases = await kernel.undo.unwind();
    for (const { what, error } of releases) warnings.report(error, what);
    this.#callHook('release', kernel.plan);
    const con0 = channels.get('con0');
    const exit = describeExit({
      status: status ?? 128 + 9,
      wasUp: true,
      askedBy: this.askedBy,
      killed: this.#killed,
      panic: this.#panic,
      why: outOfMemory(this.#memory, memoryCgroups()) ?? '',
      lastLines: con0.lastLines(monitorLimits.exitLines, this.#con0From).join('\n'),
      printed: panicLines(con0.lastLines(monitorLimits.panicOutput, this.#con0From)),
      endedAt,
    });
    this.#exit = exit;
    this.#kernel = undefined;
    this.guestMessage = '';
    this.guestValues = new Map();
    publishExit(events, exit);
    const recorded = { ...exit, bundle: crashes.keep(kernel, exit, config) };
    warnings.attempt(() => writeLastExit(layout, recorded));
    await this.#vm.kernelGone(recorded, kernel.ranMs);
  }

  /** The kernel has sent a notification. */
  notified({ type, text }: Notification): void {
    const { events } = this;
    if (type === 'panic') {
      this.#panic = text;
      events.publish('panic', text, { text });
    } else if (type === 'hang') this.#hangWatch?.reported(text);
    else if (type === 'user') {
      const value = parseGuestValue(text);
      if (value) this.guestValues = withGuestValue(this.guestValues, value.key, value.value);
      else this.guestMessage = text;
      events.publish('guest-message', text, { text, ...value });
      this.#vm.ready.guestSaid(text);
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
