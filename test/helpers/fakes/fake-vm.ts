/** A VM with fake kernels and a fake clock, and the monitors that it has one after the other. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Configured } from '../../../src/config/changes.ts';
import { layoutOf, type VmLayout } from '../../../src/jail/layout.ts';
import { EventLog } from '../../../src/monitor/events/event-log.ts';
import type { OperationResult } from '../../../src/monitor/operations.ts';
import { Settings } from '../../../src/monitor/settings.ts';
import type { PlannedStart, StartPlanner } from '../../../src/monitor/start/start-planner.ts';
import { Vm } from '../../../src/monitor/vm.ts';
import type { LaunchPlan, Step } from '../../../src/plan/plan.ts';
import type { Event, VmState } from '../../../src/rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';
import { load } from '../../config/file/loading.ts';
import { sampleRecord } from '../../monitor/takeover/sample-record.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeKernels } from './fake-kernels.ts';

/** An operation that a client has requested. */
export interface Asked {
  readonly name: 'start' | 'stop' | 'kill';
  /** How often it was answered. */
  answers: number;
  result?: OperationResult;
  /** The state of the VM in the moment of the answer. */
  stateThen?: VmState;
  error?: unknown;
  /** Its monitor was killed: no answer arrives. */
  isLost: boolean;
}

/** Plans that finish when the test allows it. */
class FakePlanner implements StartPlanner {
  readonly #configured: Configured;
  readonly #layout: VmLayout;
  #waiting: {
    readonly resolve: (planned: PlannedStart) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];

  constructor(configured: Configured, layout: VmLayout) {
    this.#configured = configured;
    this.#layout = layout;
  }

  get isPlanning(): boolean {
    return this.#waiting.length > 0;
  }

  planStart(): Promise<PlannedStart> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  rememberBoot(): void {
    // A fake kernel prints no boot messages.
  }

  finish(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting)
      resolve({ configured: this.#configured, plan: planFor(this.#layout), warnings: [] });
  }

  fail(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const error = new UmlmonError('CONFIG_INVALID', { place: 'vm1', cause: 'a test says so', hint: '' });
    for (const { reject } of waiting) reject(error);
  }
}

/** A plan without images and networks: the fields that a VM reads. */
function planFor(layout: VmLayout): LaunchPlan {
  const steps = sampleRecord.plan.steps.map((step): Step => {
    if (step.do === 'lock-images') return { ...step, images: [] };
    return step.do === 'record' ? { ...step, path: layout.runRecord } : step;
  });
  return { ...sampleRecord.plan, steps: [...steps, { do: 'record', path: layout.runRecord }] };
}

export class FakeVm {
  readonly clock = new FakeClock();
  readonly kernels = new FakeKernels(this.clock);
  readonly asked: Asked[] = [];
  /** Of the monitor that serves. */
  events: Event[] = [];
  vm!: Vm;
  planner!: FakePlanner;
  readonly #directory = mkdtempSync(join(tmpdir(), 'umlmon-fake-'));
  readonly #layout: VmLayout;
  readonly #configured: Configured;

  /** @param keys lines of the section of the VM */
  constructor(keys: string) {
    const { config, problems } = load(
      `[vm1]\nkernel = /shared/kernels/k\nmem = 64M\nvmuser = uml-vm1\nubd0 = /disks/root.dsk\ncrash_bundles = 0\n${keys}\n`,
    );
    const vm = config?.vms.get('vm1');
    if (!config || !vm)
      throw new Error(`the configuration of the fake VM is invalid: ${JSON.stringify(problems)}`);
    this.#configured = { global: config.global, vm };
    this.#layout = layoutOf('vm1', {
      varDir: join(this.#directory, 'var'),
      runDir: join(this.#directory, 'run'),
    });
    const { runRecord, lastExit, deaths, home } = this.#layout;
    for (const path of [runRecord, lastExit, deaths, join(home, 'x')])
      mkdirSync(dirname(path), { recursive: true });
  }

  async startMonitor(): Promise<void> {
    const events: Event[] = [];
    this.events = events;
    const log = new EventLog('vm1', (event) => events.push(event));
    this.planner = new FakePlanner(this.#configured, this.#layout);
    const settings = new Settings({
      configured: this.#configured,
      written: { readConfigured: () => this.#configured },
      events: log,
    });
    this.vm = new Vm({
      layout: this.#layout,
      events: log,
      settings,
      planner: this.planner,
      kernels: this.kernels,
      clock: this.clock,
      owner: { logDropped: 0, tcp: '' },
    });
    const log0 = { directory: join(this.#directory, 'log'), size: 4096, count: 1 };
    this.vm.channels.configure([{ channel: 'con0', logged: false }], log0);
    await this.vm.examine();
    await this.quiet();
  }

  /** SIGKILL: everything of the monitor in memory is gone. */
  killMonitor(): void {
    this.clock.forgetTimers();
    this.kernels.monitorKilled();
    this.#closeMonitor();
    for (const one of this.asked) if (one.answers === 0) one.isLost = true;
  }

  ask(name: Asked['name']): Asked {
    const asked: Asked = { name, answers: 0, isLost: false };
    this.asked.push(asked);
    const answer = name === 'stop' ? this.vm.stop('a test', 0) : this.vm[name]('a test');
    answer.then(
      (result) => {
        asked.answers += 1;
        asked.result = result;
        asked.stateThen = this.vm.state;
      },
      (error: unknown) => {
        asked.answers += 1;
        asked.error = error;
      },
    );
    return asked;
  }

  /** Resolves when nothing happens any more unless time passes or the test does something. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 12; turn++) await setImmediate();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms, () => this.quiet());
    await this.quiet();
  }

  close(): void {
    this.#closeMonitor();
    rmSync(this.#directory, { recursive: true });
  }

  #closeMonitor(): void {
    this.vm.screens.close();
    this.vm.channels.close();
  }
}
