import type { VmLayout } from '../jail/layout.ts';
import type { LaunchPlan } from '../plan/plan.ts';
import type { EventLog } from './events/event-log.ts';
import type { Settings } from './settings.ts';
import type { Prepared } from './start/plan-start.ts';

/** What a VM is made of, and what its monitor does for it. */
export interface VmParts {
  readonly layout: VmLayout;
  readonly events: EventLog;
  readonly settings: Settings;
  /** Reads configuration and host anew. Errors: CONFIG_INVALID with all problems. */
  readonly makePlan: () => Promise<Prepared>;
  /** Learns from a boot what makes the next one faster. */
  readonly afterBoot: (plan: LaunchPlan, bootMessages: string) => void;
  /** Bytes that the monitor's own log could not take. */
  readonly monitorLogDropped: () => number;
  /** `ADDRESS:PORT` on which the monitor listens too, or ''. */
  readonly tcp: () => string;
}
