import type { NetworkPrograms } from '../../network/network-programs.ts';
import type { RecordPlace } from '../../network/network-record.ts';
import type { InterfacePlan } from '../../network/plan/interface-plan.ts';
import { findObstacles } from '../../network/rules/find-obstacles.ts';
import { type Drift, driftOf } from '../../network/watch/drift.ts';
import { lookAtNeeded } from '../../network/watch/found-network.ts';
import { type Need, needsOf } from '../../network/watch/needs.ts';
import { type Repaired, repairNetwork } from '../../network/watch/repair.ts';
import type { NetworkWarning } from '../../rpc/umlmonctrl.gen.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import { locateProgram } from '../../system/processes/find-program.ts';
import { printable } from '../../system/text.ts';
import type { EventLog } from '../events/event-log.ts';

export interface GuardedNetwork {
  readonly place: RecordPlace;
  readonly programs: NetworkPrograms;
  /** Those that the kernel has now. */
  readonly interfaces: () => readonly InterfacePlan[];
  /** Does work while no interface is plugged or unplugged. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly events: Pick<EventLog, 'publish'>;
  readonly warning: (error: unknown) => void;
}

/**
 * Compares the host resources of a VM with the host after changes. Missing resources are restored
 * where that is safe; all other differences are warnings as long as they last.
 */
export class HostGuard {
  readonly #network: GuardedNetwork;
  readonly #programs: NetworkPrograms;
  #warnings: readonly NetworkWarning[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due, and when the last check started: milliseconds of performance.now(). */
  #due = Number.POSITIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #repairs: number[] = [];
  /** The check in progress: at most one. */
  #work: Promise<void> | undefined;
  /** A check waits or is in progress. */
  #isQueued = false;
  #isAgain = false;
  #isClosed = false;
  #hasObstacles = false;
  #lastFailure = '';

  constructor(network: GuardedNetwork) {
    this.#network = network;
    const nft = network.programs.nft ?? locateProgram('nft');
    this.#programs = { ...network.programs, ...(nft === undefined ? {} : { nft }) };
  }

  get warnings(): readonly NetworkWarning[] {
    return this.#warnings;
  }

  /** Rules of other programs have changed: all rules matter while some of them stop the VM, else only chains with a hook. */
  rulesChanged(what: 'others' | 'rules'): void {
    if (what === 'others' || this.#hasObstacles) this.lookWithin(networkLimits.othersPause);
  }

  /** Something may have changed: there will be a look, after this many milliseconds at the earliest. */
  lookWithin(pause: number): void {
    if (this.#isClosed) return;
    const now = performance.now();
    const due = Math.max(now + pause, this.#lookedAt + networkLimits.hostLookPause);
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#look(), due - now);
  }

  /** Resolves when no check or repair is in progress. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#warnings = [];
    await this.#work?.catch(() => {
      // Its failure is that of the look, which has reported it.
    });
  }

  #look(): void {
    this.#due = Number.POSITIVE_INFINITY;
    if (this.#isQueued) {
      this.#isAgain = true;
      return;
    }
    this.#isQueued = true;
    this.#lookedAt = performance.now();
    const { inTurn } = this.#network;
    // A check that still waits while the VM ends is not awaited.
    const work = inTurn(async () => {
      if (this.#isClosed) return;
      this.#work = this.#compare();
      await this.#work;
    });
    void work.catch((error) => this.#failed(error)).finally(() => this.#looked());
  }

  #looked(): void {
    this.#isQueued = false;
    this.#work = undefined;
    if (!this.#isAgain) return;
    this.#isAgain = false;
    this.lookWithin(networkLimits.hostPause);
  }

  async #compare(): Promise<void> {
    const { place, interfaces } = this.#network;
    const needs = needsOf(place, interfaces());
    if (needs.length === 0) return this.#warn([]);
    const found = await lookAtNeeded(this.#programs, this.#lookable(needs));
    if (this.#isClosed) return;
    const drifts = driftOf(this.#lookable(needs), found);
    const isRepaired = drifts.some(({ isMakeable }) => isMakeable) && this.#mayRepair();
    const { left, failure } = isRepaired
      ? await this.#repair(this.#lookable(needs))
      : { left: drifts, failure: undefined };
    if (this.#isClosed) return;
    const obstacles = await findObstacles(found, interfaces());
    if (this.#isClosed) return;
    this.#hasObstacles = obstacles.length > 0;
    this.#warn([
      ...left.map((drift) => warningOf(drift, !isRepaired)),
      ...obstacles.map(({ what, cure }) => ({ what, hint: cure })),
    ]);
    // With a repair still due, the cause of the last failure may still be there.
    if (failure === undefined && !left.some(({ isMakeable }) => isMakeable)) this.#lastFailure = '';
  }

  /** Without nft(8) tables cannot be read; a start refuses networks that need them. */
  #lookable(needs: readonly Need[]): readonly Need[] {
    return this.#programs.nft === undefined ? needs.filter(({ thing }) => thing.is !== 'table') : needs;
  }

  async #repair(needs: readonly Need[]): Promise<Pick<Repaired, 'left' | 'failure'>> {
    const { place, events } = this.#network;
    this.#repairs.push(performance.now());
    const { made, left, failure } = await repairNetwork(place, this.#programs, needs, () => !this.#isClosed);
    for (const what of made) events.publish('network-repaired', `${what}: restored`, { what });
    if (failure !== undefined) this.#failed(failure);
    return { left, failure };
  }

  /** Whether there were not too many repairs lately; else there is a look when there were. */
  #mayRepair(): boolean {
    const now = performance.now();
    this.#repairs = this.#repairs.filter((at) => now - at < networkLimits.repairWindow);
    const [oldest] = this.#repairs;
    if (oldest === undefined || this.#repairs.length < networkLimits.repairs) return true;
    this.lookWithin(oldest + networkLimits.repairWindow - now);
    return false;
  }

  #warn(list: readonly NetworkWarning[]): void {
    const { events } = this.#network;
    const warnings = list.map(({ what, hint }) => ({ what: shown(what), hint: shown(hint) }));
    const has = (list: readonly NetworkWarning[], what: string) => list.some((one) => one.what === what);
    const before = this.#warnings;
    this.#warnings = warnings;
    for (const { what, hint } of warnings)
      if (!has(before, what)) events.publish('network-warning', `${what} (hint: ${hint})`, { what, hint });
    for (const { what } of before)
      if (!has(warnings, what)) events.publish('network-recovered', `no longer: ${what}`, { what });
  }

  /** The same failure is reported once, until there is a look without any. */
  #failed(error: unknown): void {
    const text = String(error);
    if (text === this.#lastFailure || this.#isClosed) return;
    this.#lastFailure = text;
    this.#network.warning(error);
  }
}

/** Names on the host may be anything. */
function shown(text: string): string {
  return printable(text, networkLimits.warningText);
}

function warningOf({ need, text, isMakeable }: Drift, isGivenUp: boolean): NetworkWarning {
  const isFought = isMakeable && isGivenUp;
  const { repairs, repairWindow } = networkLimits;
  return {
    what: isFought
      ? `${text}; another program removes it repeatedly: umlmon has restored it ${repairs} times within ${repairWindow / 1000} s, and waits`
      : text,
    hint: isFought ? `find that program: ${need.thing.is === 'table' ? 'nft' : 'ip'} monitor` : need.cure,
  };
}
