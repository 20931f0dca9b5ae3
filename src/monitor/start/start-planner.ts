import type { Configured } from '../../config/changes.ts';
import type { Problem } from '../../config/problem.ts';
import type { LaunchPlan } from '../../plan/plan.ts';

/** A plan, with the configuration that it was made from and the warnings about it. */
export interface PlannedStart {
  readonly configured: Configured;
  readonly plan: LaunchPlan;
  readonly warnings: readonly Problem[];
}

/** Plans the starts of a VM. */
export interface StartPlanner {
  /** Reads configuration and host anew. Errors: CONFIG_INVALID with all problems, NETWORK_MAC_*. */
  planStart(): Promise<PlannedStart>;
  /** Stores what the boot messages of a kernel show, to make the next boot faster. Errors: those of the system. */
  rememberBoot(plan: LaunchPlan, bootMessages: string): void;
}
