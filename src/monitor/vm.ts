import { setTimeout as delay } from 'node:timers/promises';
import type { VmConfig } from '../config/config.ts';
import type { LogChange } from '../console/log.ts';
import type { VmLayout } from '../jail/layout.ts';
import type { Notification } from '../kernel/notify.ts';
import type { LaunchPlan } from '../plan/plan.ts';
import type { ExitRecord, VmInfo, VmState } from '../rpc/umlmonctrl.gen.ts';
import { failureText, toFailure, UmlmonError } from '../system/errors.ts';
import { monitorLimits } from '../system/limits.ts';
import { adoptKernel } from './adopt.ts';
import { Channels } from './channels.ts';
import { removeLeftovers } from './clean-up.ts';
import { CrashBundles } from './crash-bundle.ts';
import type { EventLog } from './event-log.ts';
import { describeExit } from './exit-record.ts';
import { type Finding, findKernel } from './find-kernel.ts';
import { applyHangPolicy } from './hang-policy.ts';
import type { HangWatch } from './hang-watch.ts';
import { readLastExit, recordExit } from './last-exit.ts';
import { learnFromBoot } from './learn-from-boot.ts';
import { type Action, type LifecycleEvent, lifecycle } from './lifecycle.ts';
import { networkInfos } from './network-info.ts';
import { type OperationResult, Operations } from './operations.ts';
import type { PolicyName } from './policy.ts';
import { ReadyWatch } from './ready-watch.ts';
import { Restarts } from './restarts.ts';
import type { RunningKernel } from './running-kernel.ts';
import { executePlan } from './start.ts';
import { StartReport } from './start-report.ts';
import { stopKernel, stopStages } from './stop.ts';
import { describeVm } from './vm-info.ts';

export interface VmParts {
  readonly layout: VmLayout;
  readonly events: EventLog;
  readonly config: VmConfig;
  /** Reads configuration and host anew. Errors: CONFIG_INVALID with all problems. */
  readonly makePlan: () => { config: VmConfig; plan: LaunchPlan };
  /** Learns from a boot what makes the next one faster. */
  readonly afterBoot: (plan: LaunchPlan, bootMessages: string) => void;
  /** Bytes that the monitor's own log could not take. */
  readonly monitorLogDropped: () => number;
}

/** One VM: its state, and everything that may be done to it. */
export class Vm {
  readonly name: string;
  readonly events: EventLog;
  readonly channels: Channels;
  readonly crashes: CrashBundles;
  readonly #parts: VmParts;
  readonly #operations: Operations;
  readonly #restarts: Restarts;
  #hangWatch: HangWatch | undefined;
  readonly #ready: ReadyWatch;
  #config: VmConfig;
  #state: VmState = 'down';
  #stateSince = Date.now();
  #kernel: RunningKernel | undefined;
  #startAbort = new AbortController();
  /** Resolves when the start in progress has ended, well or not. */
  #started: Promise<void> = Promise.resolve();
  /** Resolves when a kernel that is gone has been cleaned up after. */
  #settled: Promise<void> = Promise.resolve();
  #stopTimeoutMs = 0;
  #askedBy = '';
  #killed = false;
  #panic = '';
  /** Milliseconds that the last kernel ran. */
  #ranMs = 0;
  #guestMessage = '';
  #troubles = 0;
  #lastTrouble = '';
  #lastExit: ExitRecord | null;

  constructor(parts: VmParts) {
    this.#parts = parts;
    this.#config = parts.config;
    this.name = parts.layout.vm;
    this.events = parts.events;
    this.channels = new Channels((path, change) => this.logChanged(path, change));
    this.crashes = new CrashBundles({
      ...parts,
      channels: this.channels,
      trouble: (error) => this.#trouble(error),
    });
    this.#operations = new Operations(this.name, this.events);
    this.#lastExit = readLastExit(parts.layout);
    this.#ready = new ReadyWatch(parts.config, {
      events: parts.events,
      channels: this.channels,
      onReached: () => this.#recordReached(),
    });
    this.#restarts = new Restarts({
      layout: parts.layout,
      events: this.events,
      start: (policy) => this.#begin(policy),
      trouble: (error) => this.#trouble(error),
    });
  }

  get state(): VmState {
    return this.#state;
  }

  /**
   * Looks for a kernel that a former monitor has left, and takes it over; one that is not what was recorded is
   * reported and left alone. If there is none, the leftovers are removed, unless they are kept for inspection.
   */
  async examine(): Promise<void> {
    const finding = await findKernel(this.#parts.layout);
    if (finding.found === 'nothing') {
      this.#enter('foreign-gone');
      if (this.#restarts.held?.kind !== 'kept')
        this.attempt(() => removeLeftovers(this.#parts.layout, this.events));
    } else if (finding.found === 'ours') await this.#adopt(finding);
    else this.#reportForeign(finding.why);
  }

  async #adopt(finding: Extract<Finding, { found: 'ours' }>): Promise<void> {
    const { began, reached = {} } = finding.record;
    this.#ready.begin(this.#config, Date.now() - began);
    try {
      const kernel = await adoptKernel(finding, {
        layout: this.#parts.layout,
        channels: this.channels,
        onNotification: (notification) => this.#onNotification(notification),
      });
      this.#enter('adopted');
      const maybeLost = this.channels.infos().reduce((sum, info) => sum + info.maybeLost, 0);
      const missing =
        maybeLost > 0 ? `up to ${maybeLost} bytes are missing in the logs` : 'the logs are complete';
      const text = `kernel ${kernel.pid} taken over: ${kernel.version}; ${missing}, but what it said on a full con0`;
      this.events.publish('adopted', text, { pid: kernel.pid, maybe_lost: maybeLost });
      this.#attend(kernel);
      this.#ready.restore(reached);
      for (const level of ['launched', 'kernel'] as const) this.#ready.reach(level);
      this.#ready.watchConsole({ past: true });
    } catch (error) {
      this.#ready.end();
      this.#reportForeign(failureText(toFailure(error, this.name)));
    }
  }

  #reportForeign(why: string): void {
    this.#enter('found-foreign');
    this.events.publish('foreign', why, { why });
  }

  /** Resolves when no kernel runs and no policy is going to start one. */
  async whenDown(): Promise<void> {
    for (;;) {
      await this.#settled;
      await this.#operations.idle();
      if (this.#state !== 'running' && !this.#restarts.pending) return;
      await (this.#kernel?.exit ?? delay(monitorLimits.restartInterval));
    }
  }

  /** Boots the VM; done when its kernel answers. Errors: STATE_*, CONFIG_INVALID, those of the step that failed. */
  async start(by: string): Promise<OperationResult> {
    if (this.#state === 'foreign') await this.examine();
    return this.#begin(by, () => this.#restarts.forget());
  }

  /** What `start = boot` asks for when a monitor comes up: nothing if the VM runs, or a former monitor let it lie. */
  boot(): void {
    const { held } = this.#restarts;
    if (held) this.events.publish(held.kind, `not booted: ${held.why}; start it to end this`);
    // A failed boot is published as an event; the monitor stays, so that somebody can look and try again.
    else if (this.#state === 'down') this.#begin('start = boot').catch(() => undefined);
  }

  #begin(by: PolicyName | string, first: () => void = () => undefined): Promise<OperationResult> {
    return this.#operations.run('start', by, () => {
      this.#restarts.cancel();
      if (this.#state === 'down') first();
      return this.#handle('start-asked');
    });
  }

  /** Stops in order; `timeoutMs` 0 means the configured one. Errors: STATE_*, STOP_FAILED. */
  stop(by: string, timeoutMs: number): Promise<OperationResult> {
    return this.#operations.run('stop', by, () => {
      if (this.#restarts.cancel()) return Promise.resolve('down; the restart by policy is cancelled');
      this.#stopTimeoutMs = timeoutMs || this.#config.stop_timeout;
      return this.#handle('stop-asked', by);
    });
  }

  /** Ends the kernel at once. Errors: STATE_WRONG, STOP_FAILED. */
  kill(by: string): Promise<OperationResult> {
    return this.#operations.run('kill', by, () => {
      if (this.#restarts.cancel()) return Promise.resolve('down; the restart by policy is cancelled');
      return this.#handle('kill-asked', by);
    });
  }

  /** Errors: STATE_WRONG, MCONSOLE_*. */
  async ctrlAltDel(by: string): Promise<void> {
    const kernel = this.#kernel;
    if (!kernel) throw this.#refusal(`it is ${this.#state}`);
    await kernel.request('cad');
    this.events.publish('ctrl-alt-del', `${by} sent Ctrl-Alt-Del`, { by });
  }

  /** The monitor ends: a guest that runs is stopped in order first. */
  async leave(reason: string): Promise<void> {
    this.#restarts.cancel();
    await this.#operations.idle();
    if (this.#state === 'running') await this.stop(reason, 0);
    await this.#settled;
  }

  info(): VmInfo {
    return describeVm({
      config: this.#config,
      state: this.#state,
      stateSince: this.#stateSince,
      operation: this.#operations.current,
      monitorPid: process.pid,
      kernel: this.#kernel,
      mconsole: this.#parts.layout.mconsole,
      guestMessage: this.#guestMessage,
      readiness: this.#ready.info,
      consoles: this.channels.infos(),
      networks: networkInfos(this.#config, this.#kernel?.plan),
      lastExit: this.#lastExit,
      eventsNext: this.events.next,
      logDropped: this.#parts.monitorLogDropped(),
      troubles: this.#troubles,
      lastTrouble: this.#lastTrouble,
      hungSince: this.#hangWatch?.since ?? 0,
      held: this.#restarts.held,
    });
  }

  readonly #actions: Record<Action, () => Promise<string>> = {
    'begin-start': () => this.#beginStart(),
    'begin-stop': () => this.#stopInOrder(),
    kill: () => this.#killNow(),
    'apply-policy': async () => {
      if (this.#lastExit) this.#restarts.afterExit(this.#lastExit, this.#config, this.#ranMs);
      return '';
    },
  };

  /** Takes an event through the table and does what the table says; resolves to a line for people. */
  async #handle(event: LifecycleEvent, by = ''): Promise<string> {
    const actions = this.#enter(event);
    if (by) this.#askedBy = by;
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

  #refusal(cause: string): UmlmonError {
    return new UmlmonError('STATE_WRONG', { place: this.name, cause, hint: `umlwatch ${this.name} -info` });
  }

  async #beginStart(): Promise<string> {
    const report = new StartReport(this.events);
    this.#startAbort = new AbortController();
    let announce: () => void = () => undefined;
    this.#started = new Promise((resolve) => {
      announce = resolve;
    });
    this.#askedBy = '';
    this.#killed = false;
    this.#panic = '';
    this.#guestMessage = '';
    try {
      const { config, plan } = this.#parts.makePlan();
      this.#config = config;
      this.#ready.begin(config, report.elapsedMs());
      const con0Before = this.channels.get('con0').ring.next;
      const kernel = await executePlan(plan, {
        channels: this.channels,
        onNotification: (notification) => this.#onNotification(notification),
        onStep: (step) => {
          report.step(step);
          if (step === 'open-consoles') this.#ready.watchConsole({ past: false });
          else if (step === 'launch') this.#ready.reach('launched');
        },
        signal: this.#startAbort.signal,
      });
      this.#enter('kernel-up');
      const summary = report.kernelUp(kernel);
      this.#attend(kernel);
      this.#ready.reach('kernel');
      learnFromBoot(this.channels.get('con0'), con0Before, {
        learn: (messages) => this.#parts.afterBoot(plan, messages),
        trouble: (error) => this.#trouble(error),
      });
      return summary;
    } catch (error) {
      this.#ready.end();
      this.#enter('start-failed');
      throw error;
    } finally {
      announce();
    }
  }

  /** From now on this kernel is the VM's; when it ends, everything of it is released. */
  #attend(kernel: RunningKernel): void {
    this.#kernel = kernel;
    this.#hangWatch = applyHangPolicy(kernel, {
      config: this.#config,
      channels: this.channels,
      events: this.events,
      kill: () => {
        if (this.#state === 'running') this.kill('on_hang').catch((error: unknown) => this.#trouble(error));
      },
    });
    this.#settled = kernel.exit
      .then((status) => this.#settle(kernel, status))
      .catch((error: unknown) => this.#trouble(error));
  }

  async #stopInOrder(): Promise<string> {
    const kernel = this.#kernel;
    if (!kernel) throw new Error('no kernel to stop');
    const stage = await stopKernel(kernel, stopStages(this.#stopTimeoutMs), {
      stage: ({ name, waitMs }) => {
        if (name === 'kill') this.#killed = true;
        this.events.publish('stop-stage', `${name}, then up to ${waitMs / 1000} s`, {
          stage: name,
          wait_ms: waitMs,
        });
      },
      trouble: (error) => this.#trouble(error),
    });
    await this.#awaitSettled(stage !== undefined);
    if (stage !== 'ctrl-alt-del') return `stopped by ${stage}`;
    return this.#lastExit?.cause === 'poweroff' ? 'stopped in order' : 'stopped; the guest wanted to reboot';
  }

  async #killNow(): Promise<string> {
    this.#killed = true;
    this.#startAbort.abort(this.#askedBy);
    await this.#started;
    const kernel = this.#kernel;
    if (!kernel) return 'killed while starting';
    kernel.kill();
    await this.#awaitSettled(await kernel.goneWithin(monitorLimits.killWait));
    return 'killed';
  }

  async #awaitSettled(gone: boolean): Promise<void> {
    if (!gone)
      throw new UmlmonError('STOP_FAILED', {
        place: this.name,
        cause: 'the kernel process is still there after SIGKILL',
        hint: 'it hangs in the host kernel, most likely in I/O: look at the log of the host',
      });
    await this.#settled;
  }

  /** After the kernel's end: release, sync, record, and only then say that the VM is down. */
  async #settle(kernel: RunningKernel, status: number | undefined): Promise<void> {
    const endedAt = Date.now();
    this.#ready.end();
    this.#hangWatch?.close();
    this.#hangWatch = undefined;
    const releases = await kernel.undo.unwind();
    for (const { what, error } of releases) this.#trouble(error, what);
    const exit = describeExit({
      status: status ?? 128 + 9,
      wasUp: true,
      askedBy: this.#askedBy,
      killed: this.#killed,
      panic: this.#panic,
      lastLines: this.channels.get('con0').lastLines(monitorLimits.exitLines).join('\n'),
      endedAt,
    });
    this.#kernel = undefined;
    this.#guestMessage = '';
    this.#lastExit = recordExit(this.#parts.layout, exit, {
      events: this.events,
      keepBundle: () => this.crashes.keep(kernel, exit, this.#config),
      trouble: (error) => this.#trouble(error),
    });
    this.#ranMs = endedAt - kernel.began;
    await this.#handle('kernel-gone');
  }

  #onNotification({ type, text }: Notification): void {
    if (type === 'panic') {
      this.#panic = text;
      this.events.publish('panic', text, { text });
    } else if (type === 'hang') this.#hangWatch?.reported(text);
    else if (type === 'user') {
      this.#guestMessage = text;
      this.events.publish('guest-message', text, { text });
      this.#ready.guestSaid(text);
    }
  }

  #recordReached(): void {
    try {
      this.#kernel?.record(this.#ready.reached);
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** Does what the VM can do without: if it fails, e.g. on a full disk, it is said and counted. */
  attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** A log cannot be written, or can again. */
  logChanged(path: string, change: LogChange): void {
    if ('missing' in change) {
      const text = `${path} is written again; ${change.missing} bytes are missing in it`;
      this.events.publish('log-resumed', text, { path, missing: change.missing });
    } else
      this.#trouble(
        new UmlmonError('HOST_LOG', {
          place: path,
          cause: `the log cannot be written: ${change.failed}`,
          hint: 'it goes on by itself, with a note of how much is missing',
        }),
      );
  }

  #trouble(error: unknown, what = this.name): void {
    const failure = toFailure(error, what);
    this.#troubles += 1;
    this.#lastTrouble = failureText(failure).slice(0, monitorLimits.eventText);
    this.events.publish('trouble', failureText(failure), { code: failure.code, place: failure.place });
  }
}
