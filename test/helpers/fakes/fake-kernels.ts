/** Kernels without processes: a source for a VM whose every step a test decides. */
import type { Sandbox } from '../../../src/jail/spawn/sandbox-processes.ts';
import type { Answer } from '../../../src/kernel/mconsole.ts';
import type { Disks } from '../../../src/monitor/disks/disks.ts';
import type { KernelOwner } from '../../../src/monitor/kernel-owner.ts';
import type { KernelSource } from '../../../src/monitor/kernels.ts';
import { Networks } from '../../../src/monitor/networks/networks.ts';
import { RunningKernel } from '../../../src/monitor/running-kernel.ts';
import type { FirstProcess } from '../../../src/monitor/start/first-process.ts';
import { UndoStack } from '../../../src/monitor/start/undo.ts';
import { startKilled } from '../../../src/monitor/start-killed.ts';
import type { FoundKernel, KernelSearch } from '../../../src/monitor/takeover/find-kernel.ts';
import type { LaunchPlan } from '../../../src/plan/plan.ts';
import type { Clock } from '../../../src/system/clock.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';
import { monitorLimits } from '../../../src/system/limits/limits.ts';

/** How a guest ends by itself. */
export type FakeEnd = 'poweroff' | 'reboot' | 'panic' | 'crash';

const statusOf: Readonly<Record<FakeEnd, number>> = { poweroff: 0, reboot: 0, panic: 134, crash: 139 };

/** A kernel in memory, which outlives the monitor that spawned it. */
export class FakeKernel {
  readonly plan: LaunchPlan;
  isAlive = true;
  /** Whether the guest shuts down when it is asked to. */
  obeys = true;
  hasFirstProcess = false;
  #ended: ((status: number) => void)[] = [];
  #booted: (() => void)[] = [];
  #owner: KernelOwner | undefined;

  constructor(plan: LaunchPlan) {
    this.plan = plan;
  }

  /** From now on this owner hears of it, and no other. */
  belongTo(owner: KernelOwner): { readonly exit: Promise<number>; readonly booted: Promise<void> } {
    this.#owner = owner;
    this.#ended = [];
    this.#booted = [];
    const exit = new Promise<number>((resolve) => this.#ended.push(resolve));
    const booted = new Promise<void>((resolve) => this.#booted.push(resolve));
    if (this.hasFirstProcess) this.boot();
    return { exit, booted };
  }

  /** Its monitor was killed: nothing hears of it any longer. */
  abandon(): void {
    this.#owner = undefined;
    this.#ended = [];
    this.#booted = [];
  }

  boot(): void {
    this.hasFirstProcess = true;
    for (const tell of this.#booted) tell();
  }

  /** The guest ends by itself. */
  end(how: FakeEnd): void {
    if (!this.isAlive) return;
    if (how === 'panic') this.#owner?.notified({ type: 'panic', text: 'Attempted to kill init!' });
    this.exit(statusOf[how]);
  }

  exit(status: number): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const tell of this.#ended) tell(status);
  }

  request(command: string): void {
    if (!this.isAlive)
      throw new UmlmonError('MCONSOLE_TIMEOUT', { place: command, cause: 'the kernel is gone', hint: '' });
    if (command === 'cad' && this.obeys) this.exit(0);
    if (command === 'halt' && this.obeys) this.exit(0);
  }
}

interface PendingStart {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** All fake kernels of one VM, and the resources that its starts have acquired. */
export class FakeKernels implements KernelSource {
  readonly all: FakeKernel[] = [];
  /** The most kernels that were alive at one time. */
  most = 0;
  /** Acquired and not yet released, by all monitors that were not killed. */
  readonly held = new Set<object>();
  /** A kernel that no monitor can verify. */
  hasUnknownKernel = false;
  readonly #clock: Clock;
  #pending: PendingStart | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get alive(): FakeKernel | undefined {
    return this.all.find(({ isAlive }) => isAlive);
  }

  get isStarting(): boolean {
    return this.#pending !== undefined;
  }

  /** The kernel of a start announces itself. */
  finishStart(): void {
    this.#pending?.resolve();
  }

  failStart(): void {
    const cause = 'the fake kernel does not announce itself';
    this.#pending?.reject(new UmlmonError('START_FAILED', { place: 'vm1', cause, hint: '' }));
  }

  /** The monitor is killed: its starts end, and its kernels live on. */
  monitorKilled(): void {
    this.#pending = undefined;
    this.held.clear();
    for (const kernel of this.all) kernel.abandon();
  }

  async find(): Promise<KernelSearch> {
    if (this.hasUnknownKernel) return { found: 'unmanaged', why: 'a test says so', mayChange: false };
    const { alive } = this;
    if (!alive) return { found: 'nothing' };
    const moment = this.#clock.moment();
    return {
      found: 'ours',
      record: { plan: alive.plan, began: moment.wall, moment },
      launcher: { pid: 1, startTime: 0 },
      jailed: { init: { pid: 2, startTime: 0 }, kernel: { pid: 3, startTime: 0 } },
    };
  }

  async execute(plan: LaunchPlan, owner: KernelOwner): Promise<RunningKernel> {
    if (this.isStarting) throw new Error('two starts at once');
    if (this.alive) throw new Error('a second kernel of one VM');
    const undo = new UndoStack();
    this.#acquire(undo);
    owner.stepDone('open-consoles');
    const kernel = new FakeKernel(plan);
    try {
      await new Promise<void>((resolve, reject) => {
        if (owner.signal.aborted) reject(startKilled('before its kernel'));
        owner.signal.addEventListener('abort', () => reject(startKilled('in its kernel')));
        this.#pending = { resolve, reject };
      });
    } catch (error) {
      await undo.unwind();
      throw error;
    } finally {
      this.#pending = undefined;
    }
    this.all.push(kernel);
    this.most = Math.max(this.most, this.all.filter(({ isAlive }) => isAlive).length);
    owner.stepDone('launch');
    return this.#running(kernel, owner, undo);
  }

  async adopt({ record }: FoundKernel, owner: KernelOwner): Promise<RunningKernel> {
    const kernel = this.alive;
    if (kernel?.plan !== record.plan)
      throw new UmlmonError('STATE_WRONG', { place: 'vm1', cause: 'the kernel is gone', hint: '' });
    const undo = new UndoStack();
    this.#acquire(undo);
    return this.#running(kernel, owner, undo);
  }

  async awaitFirstProcess({ plan }: RunningKernel, ended: Promise<unknown>): Promise<FirstProcess> {
    const kernel = this.all.find((one) => one.plan === plan);
    const booted = this.#booted.get(plan);
    if (!kernel || !booted) return 'ended';
    return Promise.race([
      booted.then(() => 'runs' as const),
      ended.then(() => 'ended' as const),
      this.#clock.delay(monitorLimits.firstProcessWait).then(() => 'not-yet' as const),
    ]);
  }

  readonly #booted = new Map<LaunchPlan, Promise<void>>();

  #acquire(undo: UndoStack): void {
    for (const what of ['lock', 'images', 'network']) {
      const resource = { what };
      this.held.add(resource);
      undo.push(what, () => {
        this.held.delete(resource);
      });
    }
  }

  #running(kernel: FakeKernel, owner: KernelOwner, undo: UndoStack): RunningKernel {
    const { exit, booted } = kernel.belongTo(owner);
    this.#booted.set(kernel.plan, booted);
    const sandbox: Sandbox = {
      launcher: { pid: 1, startTime: 0 },
      init: undefined,
      kernel: undefined,
      exit,
      kill: () => kernel.exit(137),
    };
    const request = async (command: string): Promise<Answer> => {
      kernel.request(command);
      return { text: '', truncated: false };
    };
    const moment = this.#clock.moment();
    return new RunningKernel({
      plan: kernel.plan,
      began: moment.wall,
      moment,
      version: 'fake',
      undo,
      sandbox,
      mconsole: { request },
      disks: { areThose: () => true, all: [] } as unknown as Disks,
      networks: new Networks(kernel.plan),
      clock: this.#clock,
    });
  }
}
