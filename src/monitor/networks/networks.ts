import { extendNetwork } from '../../network/configure.ts';
import type { NetworkPrograms } from '../../network/network-programs.ts';
import type { InterfacePlan } from '../../network/plan/interface-plan.ts';
import type { LinkStatus } from '../../network/plan/link.ts';
import { releaseNetwork, shrinkNetwork } from '../../network/release.ts';
import { HostWatch } from '../../network/watch/host-watch.ts';
import { followedBy } from '../../network/watch/watched.ts';
import type { LaunchPlan, StepOf } from '../../plan/plan.ts';
import type { NetworkWarning } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import { type GuardedNetwork, HostGuard } from './host-guard.ts';

/** A network interface that a kernel has. */
export interface Interface {
  readonly plan: InterfacePlan;
  /** Came at run time. */
  readonly plugged: boolean;
  /** False during a plug or unplug, and after an interrupted one: the kernel may have it or not. */
  readonly settled: boolean;
}

type Step = StepOf<'configure-network'>;

/** The network interfaces of a running kernel and their ends on the host, also plugged ones. */
export class Networks {
  readonly #step: Step | undefined;
  #all: readonly Interface[];
  /** Work on single interfaces: one piece at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;
  #watch: HostWatch | undefined;
  #guard: HostGuard | undefined;

  /** @param all those that the kernel has; without, those of its plan */
  constructor({ steps }: LaunchPlan, all?: readonly Interface[]) {
    this.#step = steps.find((step): step is Step => step.do === 'configure-network');
    this.#all = all ?? this.#planned();
  }

  get all(): readonly Interface[] {
    return this.#all;
  }

  at(unit: number): Interface | undefined {
    return this.#all.find(({ plan }) => plan.unit === unit);
  }

  /** Whether they are those of the plan, and nothing else. */
  get areThosePlanned(): boolean {
    return JSON.stringify(this.#all) === JSON.stringify(this.#planned());
  }

  /** Runs `work` after all earlier work. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Lists an interface, or how it stands now. */
  note(one: Interface): void {
    const others = this.#all.filter(({ plan }) => plan.unit !== one.plan.unit);
    this.#all = [...others, one].sort((a, b) => a.plan.unit - b.plan.unit);
  }

  /** What is wrong with the network of the host, as far as the VM needs it. */
  get warnings(): readonly NetworkWarning[] {
    return this.#guard?.warnings ?? [];
  }

  /**
   * Until it is closed, reports when the guest sets an interface up or down, and repairs the host resources of the
   * VM. Errors: HOST_SYSTEM_CALL.
   */
  watch(
    onChange: (one: Interface, link: LinkStatus['link']) => void,
    { events, warning }: Pick<GuardedNetwork, 'events' | 'warning'>,
  ): void {
    if (!this.#step) return;
    const { record: place, programs } = this.#step;
    const interfaces = () => this.#plans();
    const guard = new HostGuard({
      ...{ place, programs, interfaces, events, warning },
      inTurn: (work) => this.inTurn(work),
    });
    this.#guard = guard;
    this.#watch = new HostWatch({
      onLink: (name, link) => {
        const one = this.#all.find(({ plan }) => plan.name === name);
        if (one) onChange(one, link);
      },
      onHost: (what) => {
        if (what === 'own') guard.lookWithin(networkLimits.hostPause);
        else guard.rulesChanged(what);
      },
    });
    this.#follow();
    // Something may have been wiped while there was no monitor.
    guard.lookWithin(networkLimits.hostPause);
  }

  /** The kernel and its links have ended: stops watching. Resolves when no repair is in progress. */
  async unwatch(): Promise<void> {
    this.#watch?.close();
    this.#watch = undefined;
    const guard = this.#guard;
    this.#guard = undefined;
    await guard?.close();
  }

  /** Makes the end of a listed interface on the host. Errors: NETWORK_COMMAND, NETWORK_IN_USE. */
  async make(plan: InterfacePlan, programs: NetworkPrograms): Promise<void> {
    const { record } = this.#open();
    const before = this.#all.flatMap((one) => (one.plan.unit === plan.unit ? [] : [one.plan]));
    // After `close` nothing would remove it.
    await extendNetwork(record, programs, plan, { before, assertWanted: () => this.#open() });
    this.#follow();
  }

  /** Forgets an interface that the kernel has not, and takes its end on the host back. Errors: NETWORK_COMMAND. */
  async remove(unit: number): Promise<void> {
    if (this.#closed) return;
    this.#all = this.#all.filter(({ plan }) => plan.unit !== unit);
    const { record } = this.#open();
    const left = this.#all.map(({ plan }) => plan);
    this.#follow();
    await shrinkNetwork(record, left);
  }

  /** The kernel has ended: removes its resources from the host. Errors: NETWORK_COMMAND. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.unwatch();
    this.#all = [];
    if (this.#step) await releaseNetwork(this.#step.record, this.#step.device.path);
  }

  #planned(): Interface[] {
    return (this.#step?.interfaces ?? []).map((plan) => ({ plan, plugged: false, settled: true }));
  }

  #follow(): void {
    if (this.#step) this.#watch?.follow(followedBy(this.#step.record, this.#plans()));
  }

  #plans(): InterfacePlan[] {
    return this.#all.map(({ plan }) => plan);
  }

  #open(): Step {
    if (!this.#closed && this.#step) return this.#step;
    throw new UmlmonError('STATE_WRONG', { place: 'network', cause: 'the kernel has ended meanwhile' });
  }
}
