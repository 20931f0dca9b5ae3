import type { VmConfig } from '../config/config.ts';
import type { VmLayout } from '../jail/layout.ts';
import type { Notification } from '../kernel/notify.ts';
import { panicLines } from '../kernel/panic-lines.ts';
import type { LaunchPlan } from '../plan/plan.ts';
import type { ExitRecord } from '../rpc/umlmonctrl.gen.ts';
import { msSince, wallMoment } from '../system/clock.ts';
import { monitorLimits } from '../system/limits/limits.ts';
import { type MemoryCgroup, memoryCgroups, outOfMemory } from '../system/processes/memory-limits.ts';
import type { Channels } from './consoles/channels.ts';
import type { CrashBundles } from './endings/crash-bundle.ts';
import { describeExit } from './endings/exit-record.ts';
import { recordExit } from './endings/last-exit.ts';
import type { EventLog } from './events/event-log.ts';
import { type GuestValues, parseGuestValue, withGuestValue } from './guest/guest-values.ts';
import { applyHangPolicy } from './guest/hang-policy.ts';
import type { HangWatch } from './guest/hang-watch.ts';
import { Pause, type Paused } from './guest/pause.ts';
import type { ReadyWatch } from './guest/ready-watch.ts';
import { AutoTrim, returnMemory } from './guest/trim.ts';
import { linkReporter } from './networks/link-report.ts';
import type { RunningKernel } from './running-kernel.ts';
import { learnFromBoot } from './start/boot-messages.ts';
import { judgeEarlyEnd } from './start/early-end.ts';
import { executePlan } from './start/execute-plan.ts';
import { awaitFirstProcess } from './start/first-process.ts';
import type { HookMoment, Hooks } from './start/hooks.ts';
import { reportAdoption, type StartReport } from './start/start-report.ts';
import { type StopStage, stopFailed, stopKernel } from './stop.ts';
import { adoptKernel } from './takeover/adopt.ts';
import type { Finding } from './takeover/find-kernel.ts';
import type { Troubles } from './warnings.ts';

export interface RunHost {
  readonly layout: VmLayout;
  readonly config: VmConfig;
  readonly events: EventLog;
  readonly channels: Channels;
  readonly crashes: CrashBundles;
  readonly ready: ReadyWatch;
  readonly troubles: Troubles;
  readonly hooks: Hooks;
  /** Learns from a boot what makes the next one faster. */
  readonly afterBoot: (plan: LaunchPlan, bootMessages: string) => void;
  /** The kernel hangs, and on_hang wants its end. */
  readonly killHung: () => void;
  /** The kernel is gone, everything of it released and its exit recorded. `ranMs` is how long it ran. */
  readonly ended: (exit: ExitRecord, ranMs: number) => Promise<unknown>;
}

/** What there is while a kernel runs. */
export interface Running {
  readonly kernel: RunningKernel;
  readonly pause: Pause;
  readonly config: VmConfig;
}

/** One run of a kernel: from its launch, or its adoption, until everything that it used is released. */
export class Run {
  /** Who asked for its end, or ''. */
  askedBy = '';
  /** The last message of the guest that is free text, or ''. */
  guestMessage = '';
  /** The last values of what it tells as `key=value`. */
  guestValues: GuestValues = new Map();
  /** Resolves when the launch has ended, well or not. */
  launched: Promise<void> = Promise.resolve();
  /** Resolves when the end of the kernel has been dealt with. */
  settled: Promise<void> = Promise.resolve();
  readonly #host: RunHost;
  readonly #abort = new AbortController();
  readonly #goOn = new AbortController();
  #exit: ExitRecord | undefined;
  #kernel: RunningKernel | undefined;
  #hangWatch: HangWatch | undefined;
  #pause: Pause | undefined;
  #trim: AutoTrim | undefined;
  /** Whether a SIGKILL of ours was on its way. */
  #killed = false;
  #panic = '';
  /** Of our cgroups, when the kernel began, or was taken over. */
  #memory: readonly MemoryCgroup[] = [];
  /** Offset on con0 of what this kernel says. */
  #con0From = 0;
  #wasReady = false;

  constructor(host: RunHost) {
    this.#host = host;
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
   * Executes the plan.
   *
   * @param up is called when the kernel runs, before it can end
   * @throws those of the step that failed; then nothing is left of the start
   */
  async launch(plan: LaunchPlan, report: StartReport, up: (kernel: RunningKernel) => void): Promise<void> {
    let announce: () => void = () => undefined;
    this.launched = new Promise((resolve) => {
      announce = resolve;
    });
    const { channels, ready, troubles, afterBoot } = this.#host;
    this.#con0From = channels.get('con0').ring.next;
    ready.begin(this.#host.config, report.elapsedMs());
    try {
      const { hooks, config } = this.#host;
      // Without a hook the plan is executed in the moment in which it was made.
      if (config.hook) await hooks.prepare(config.hook, plan, this.#abort.signal);
      const kernel = await executePlan(plan, {
        channels,
        onNotification: (notification) => this.#onNotification(notification),
        trouble: troubles.report,
        onStep: (step) => {
          report.step(step);
          if (step === 'open-consoles') ready.watchConsole({ past: false });
          else if (step === 'launch') ready.reach('launched');
        },
        signal: this.#abort.signal,
      });
      up(kernel);
      this.#attend(kernel);
      this.#tell('start', plan);
      ready.reach('kernel');
      learnFromBoot(channels.get('con0'), this.#con0From, {
        learn: (messages) => afterBoot(plan, messages),
        trouble: troubles.report,
      });
    } catch (error) {
      ready.end();
      this.#tell('release', plan);
      throw error;
    } finally {
      announce();
    }
  }

  /**
   * Takes over a kernel that a former monitor has left.
   *
   * @param up is called when that is done, before the kernel can end
   * @throws those of adoptKernel; the kernel is then let be
   */
  async adopt(
    finding: Extract<Finding, { found: 'ours' }>,
    up: (kernel: RunningKernel) => void,
  ): Promise<void> {
    const { layout, events, channels, config, ready, troubles } = this.#host;
    const { began, moment = wallMoment(began), reached = {}, pause } = finding.record;
    ready.begin(config, msSince(moment));
    try {
      const kernel = await adoptKernel(finding, {
        layout,
        channels,
        onNotification: (notification) => this.#onNotification(notification),
        trouble: troubles.report,
      });
      up(kernel);
      reportAdoption(kernel, channels, events);
      this.#wasReady = reached[config.ready] !== undefined;
      this.#attend(kernel, pause);
      // A monitor that was killed in the middle of a trim has left a guest with less memory.
      returnMemory(kernel).catch(troubles.report);
      ready.restore(reached);
      for (const level of ['launched', 'kernel'] as const) ready.reach(level);
      ready.watchConsole({ past: true });
    } catch (error) {
      ready.end();
      throw error;
    }
  }

  /**
   * After a launch: waits until the guest runs, within monitorLimits.firstProcessWait. Resolves to what the summary of the
   * start adds. Errors: those of judgeEarlyEnd.
   */
  async untilGuestRuns(): Promise<string> {
    const kernel = this.#kernel;
    const end = Promise.race([kernel?.exit, aborted(this.#goOn.signal)]);
    const found = kernel?.pid ? await awaitFirstProcess(kernel.pid, end) : 'ended';
    if (found === 'runs') return '';
    if (found === 'not-yet' || this.#goOn.signal.aborted) return '; its guest runs no process yet';
    await this.settled;
    return judgeEarlyEnd(this.#host.layout.vm, this.#exit);
  }

  /** Ends that wait: something else is wanted. */
  goOn(): void {
    this.#goOn.abort();
  }

  /** Takes the kernel through the stages; returns the one that ended it. Errors: STOP_FAILED. */
  async stop(stages: readonly StopStage[]): Promise<StopStage['name']> {
    const { layout, events, troubles } = this.#host;
    const kernel = this.#kernel;
    if (!kernel) throw new Error('no kernel to stop');
    // A guest that stands still cannot go down in order.
    if (this.#pause?.paused) await this.#pause.resume('stop').catch(troubles.report);
    const stage = await stopKernel(kernel, stages, {
      stage: ({ name, waitMs }) => {
        if (name === 'kill') this.#killed = true;
        const text = `${name}, then up to ${waitMs / 1000} s`;
        events.publish('stop-stage', text, { stage: name, wait_ms: waitMs });
      },
      trouble: troubles.report,
    });
    if (stage === undefined) throw stopFailed(layout.vm);
    await this.settled;
    return stage;
  }

  /** SIGKILL, or the end of a launch that is in progress. Returns whether there was a kernel. Errors: STOP_FAILED. */
  async kill(): Promise<boolean> {
    this.#killed = true;
    this.#abort.abort(this.askedBy);
    await this.launched;
    const kernel = this.#kernel;
    if (!kernel) return false;
    await kernel.kill();
    if (!(await kernel.goneWithin(monitorLimits.killWait))) throw stopFailed(this.#host.layout.vm);
    await this.settled;
    return true;
  }

  /** The VM has reached a level of readiness. */
  reached(): void {
    this.record();
    if (this.#wasReady || !this.#kernel || !this.#host.ready.info.ready) return;
    this.#wasReady = true;
    this.#tell('ready', this.#kernel.plan);
  }

  #tell(moment: Exclude<HookMoment, 'prepare'>, plan: LaunchPlan): void {
    this.#host.hooks.tell(moment, this.#host.config.hook, plan);
  }

  /** Leaves how the VM stands for the monitor after this one. */
  record(): void {
    const { troubles, ready } = this.#host;
    const pause = this.#pause?.paused;
    troubles.attempt(() => this.#kernel?.record({ reached: ready.reached, pause }));
  }

  /** From now on this kernel is the VM's; when it ends, everything of it is released. */
  #attend(kernel: RunningKernel, left?: Paused): void {
    const { layout, events, troubles } = this.#host;
    this.#kernel = kernel;
    this.#memory = memoryCgroups();
    this.#pause = new Pause({
      vm: layout.vm,
      request: (command) => kernel.request(command),
      events,
      keep: () => this.record(),
      trouble: troubles.report,
    });
    if (left) this.#pause.restore(left);
    this.#trim = new AutoTrim(kernel, this.#host.config.mem_trim, {
      mayTrim: () => this.#pause?.paused === undefined,
      onTrimmed: ({ before, after }) =>
        events.publish('trimmed', `by mem_trim: ${before} → ${after} bytes`, { before, after }),
    });
    troubles.attempt(() => kernel.networks.watch(linkReporter(events), { events, trouble: troubles.report }));
    this.#hangWatch = applyHangPolicy(kernel, { ...this.#host, kill: this.#host.killHung });
    this.settled = kernel.exit.then((status) => this.#settle(kernel, status)).catch(troubles.report);
  }

  /** After the kernel's end: release, sync, record, and only then say that the VM is down. */
  async #settle(kernel: RunningKernel, status: number | undefined): Promise<void> {
    const { layout, config, events, channels, crashes, ready, troubles, ended } = this.#host;
    const endedAt = Date.now();
    ready.end();
    await kernel.networks.unwatch();
    this.#tell('stopped', kernel.plan);
    this.#hangWatch?.close();
    this.#hangWatch = undefined;
    this.#trim?.close();
    this.#pause?.close();
    this.#pause = undefined;
    const releases = await kernel.undo.unwind();
    for (const { what, error } of releases) troubles.report(error, what);
    this.#tell('release', kernel.plan);
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
    const recorded = recordExit(layout, exit, {
      events,
      keepBundle: () => crashes.keep(kernel, exit, config),
      trouble: troubles.report,
    });
    await ended(recorded, kernel.ranMs);
  }

  #onNotification({ type, text }: Notification): void {
    const { events, ready } = this.#host;
    if (type === 'panic') {
      this.#panic = text;
      events.publish('panic', text, { text });
    } else if (type === 'hang') this.#hangWatch?.reported(text);
    else if (type === 'user') {
      const told = parseGuestValue(text);
      if (told) this.guestValues = withGuestValue(this.guestValues, told.key, told.value);
      else this.guestMessage = text;
      events.publish('guest-message', text, { text, ...told });
      ready.guestSaid(text);
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
