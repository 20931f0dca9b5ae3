import type { VmLayout } from '../../jail/layout.ts';
import type { ExitRecord, Hold } from '../../rpc/umlmonctrl.gen.ts';
import { thisMoment } from '../../system/clock.ts';
import { toFailure } from '../../system/errors/errors.ts';
import type { EventLog } from '../events/event-log.ts';
import { removeLeftovers } from '../takeover/clean-up.ts';
import {
  type DeathRecord,
  noDeaths,
  readDeathRecord,
  removeDeathRecord,
  writeDeathRecord,
} from './death-record.ts';
import { addDeath, type Death } from './death-tally.ts';
import { decideSequel, type Policies, type PolicyName, policyFor } from './policy.ts';

export interface RestartsHost {
  readonly layout: VmLayout;
  readonly events: Pick<EventLog, 'publish'>;
  /** Starts the VM in the name of a policy; rejects if it does not come up. */
  readonly start: (policy: PolicyName) => Promise<unknown>;
  readonly trouble: (error: unknown) => void;
}

/**
 * Does what the policies say when a guest has ended: starts it again after a while, which somebody may cancel, or
 * lets it lie, which lasts until somebody starts it, whatever becomes of this monitor.
 */
export class Restarts {
  readonly #host: RestartsHost;
  #record: DeathRecord;
  #timer: NodeJS.Timeout | undefined;
  #starting = false;

  constructor(host: RestartsHost) {
    this.#host = host;
    this.#record = noDeaths;
    this.#save(() => {
      this.#record = readDeathRecord(host.layout);
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
        moment: thisMoment(),
      });
  }

  /** Whether there was a restart to cancel, one that waited. */
  cancel(): boolean {
    const waited = this.#timer !== undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return waited;
  }

  /** Somebody starts the VM: what was before does not count any more. */
  async forget(): Promise<void> {
    this.cancel();
    const { layout, events, trouble } = this.#host;
    if (this.held?.kind === 'kept') await removeLeftovers(layout, events, trouble);
    this.#record = noDeaths;
    this.#save(() => removeDeathRecord(layout));
  }

  #afterDeath(policy: PolicyName, policies: Policies, death: Death): void {
    const tally = addDeath(this.#record.tally, death);
    const sequel = decideSequel(policy, policies, tally);
    if (sequel.do === 'nothing') return;
    const { events } = this.#host;
    let held: Hold | null = null;
    if (sequel.do === 'restart') {
      const { delayMs } = sequel;
      events.publish('restart', `${policy} = restart, in ${delayMs} ms`, { policy, delay_ms: delayMs });
      this.#schedule(policy, policies, delayMs);
    } else if (sequel.do === 'give-up') {
      const { deaths = 0, windowMs = 0 } = policies.restart_limit ?? {};
      const why = `more than ${deaths} deaths in ${windowMs / 1000} s (restart_limit)`;
      held = { kind: 'gave-up', since: death.at, why };
      events.publish('gave-up', why, { policy, deaths, window_ms: windowMs });
    } else {
      const why = `${policy} = keep`;
      held = { kind: 'kept', since: death.at, why };
      events.publish('kept', why, { policy });
    }
    this.#record = { tally, held };
    this.#save(() => writeDeathRecord(this.#host.layout, this.#record));
  }

  /** A start that fails counts as a death, and is tried again, unless somebody ended or overtook it. */
  #schedule(policy: PolicyName, policies: Policies, delayMs: number): void {
    this.cancel();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#starting = true;
      this.#host
        .start(policy)
        .catch((error: unknown) => {
          // It is published as an event already; the end of a kernel that came up has been counted.
          if (/^(?:START_KILLED|START_CRASHED|STATE_)/.test(toFailure(error).code)) return;
          this.#afterDeath(policy, policies, { at: Date.now(), ranMs: 0, moment: thisMoment() });
        })
        .finally(() => {
          this.#starting = false;
        });
    }, delayMs);
  }

  #save(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#host.trouble(error);
    }
  }
}
