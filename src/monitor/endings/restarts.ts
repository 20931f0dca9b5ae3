import type { VmLayout } from '../../jail/layout.ts';
import type { ExitRecord, Hold } from '../../rpc/umlmonctrl.gen.ts';
import type { Clock, ClockTimer } from '../../system/clock.ts';
import { toFailure } from '../../system/errors/errors.ts';
import type { EventLog } from '../events/event-log.ts';
import { removeLeftovers } from '../takeover/clean-up.ts';
import type { Warnings } from '../warnings.ts';
import {
  type DeathRecord,
  noDeaths,
  readDeathRecord,
  removeDeathRecord,
  writeDeathRecord,
} from './death-record.ts';
import { addDeath, type Death } from './death-tally.ts';
import { decideSequel, type Policies, type PolicyName, policyFor } from './policy.ts';

/** What the restarts need of their VM. */
export interface RestartsOwner {
  readonly layout: VmLayout;
  readonly events: Pick<EventLog, 'publish'>;
  readonly warnings: Pick<Warnings, 'report' | 'attempt'>;
  readonly clock: Clock;
  /** Starts the VM in the name of a policy; rejects if no kernel comes up. */
  startByPolicy(policy: PolicyName): Promise<unknown>;
}

/**
 * Applies the policies when a guest has ended. It restarts the VM after a delay, which a user can cancel. Or it preserves
 * the VM until a user starts it, also under the next monitor.
 */
export class Restarts {
  readonly #owner: RestartsOwner;
  #record: DeathRecord;
  #timer: ClockTimer | undefined;
  #starting = false;

  constructor(owner: RestartsOwner) {
    this.#owner = owner;
    this.#record = noDeaths;
    this.#owner.warnings.attempt(() => {
      this.#record = readDeathRecord(owner.layout);
    });
  }

  /** Whether a restart waits or is being tried. */
  get pending(): boolean {
    return this.#timer !== undefined || this.#starting;
  }

  /** Why neither a policy nor `start = boot` may start the VM. */
  get held(): Hold | null {
    return this.#record.held;
  }

  /** Applies the policy for this exit, if one is for it. */
  afterExit(exit: ExitRecord, policies: Policies, ranMs: number): void {
    const policy = policyFor(exit);
    if (policy)
      this.#afterDeath(policy, policies, {
        at: exit.endedAt,
        ranMs: Math.round(ranMs),
        moment: this.#owner.clock.moment(),
      });
  }

  /** Cancels a restart that waits. Returns whether there was one. */
  cancel(): boolean {
    const waited = this.#timer !== undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    return waited;
  }

  /** A user starts the VM: earlier exits no longer count. */
  async forget(): Promise<void> {
    this.cancel();
    const { layout, events, warnings } = this.#owner;
    if (this.held?.kind === 'preserved') await removeLeftovers(layout, events, warnings);
    this.#record = noDeaths;
    this.#owner.warnings.attempt(() => removeDeathRecord(layout));
  }

  #afterDeath(policy: PolicyName, policies: Policies, death: Death): void {
    const tally = addDeath(this.#record.tally, death);
    const sequel = decideSequel(policy, policies, tally);
    if (sequel.do === 'nothing') return;
    const { events } = this.#owner;
    let held: Hold | null = null;
    if (sequel.do === 'restart') {
      const { delayMs } = sequel;
      events.publish('restart', `${policy} = restart, in ${delayMs} ms`, { policy, delay_ms: delayMs });
      this.#schedule(policy, policies, delayMs);
    } else if (sequel.do === 'give-up') {
      const { deaths = 0, windowMs = 0 } = policies.restart_limit ?? {};
      const why = `more than ${deaths} unexpected exits in ${windowMs / 1000} s (restart_limit)`;
      held = { kind: 'restart-limit', since: death.at, why };
      events.publish('restart-limit', why, { policy, deaths, window_ms: windowMs });
    } else {
      const why = `${policy} = preserve`;
      held = { kind: 'preserved', since: death.at, why };
      events.publish('preserved', why, { policy });
    }
    this.#record = { tally, held };
    this.#owner.warnings.attempt(() => writeDeathRecord(this.#owner.layout, this.#record));
  }

  /** A start that fails counts as an unexpected exit and is repeated, unless a user ended it or started the VM meanwhile. */
  #schedule(policy: PolicyName, policies: Policies, delayMs: number): void {
    this.cancel();
    this.#timer = this.#owner.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#starting = true;
      this.#owner
        .startByPolicy(policy)
        .catch((error: unknown) => {
          // An event has reported these already, and the exit of a kernel that came up has been counted.
          if (/^(?:START_KILLED|START_CRASHED|STATE_)/.test(toFailure(error).code)) return;
          this.#afterDeath(policy, policies, {
            at: this.#owner.clock.wall(),
            ranMs: 0,
            moment: this.#owner.clock.moment(),
          });
        })
        .finally(() => {
          this.#starting = false;
        });
    });
  }
}
