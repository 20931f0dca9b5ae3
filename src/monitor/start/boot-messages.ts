import type { Channel } from '../../console/channel.ts';
import type { LaunchPlan } from '../../plan/plan.ts';
import type { Clock } from '../../system/clock.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { Warnings } from '../warnings.ts';
import type { StartPlanner } from './start-planner.ts';

export interface BootOwner {
  readonly planner: Pick<StartPlanner, 'rememberBoot'>;
  readonly warnings: Pick<Warnings, 'attempt'>;
  readonly clock: Clock;
}

/**
 * Passes the boot messages to the planner: they are on con0 some milliseconds after the kernel is up. The output of a guest
 * that prints more than a kernel does is ignored, because the planner uses the result for other VMs too.
 *
 * @param from offset of the first byte of this boot
 */
export function learnFromBoot(
  plan: LaunchPlan,
  con0: Channel,
  from: number,
  { planner, warnings, clock }: BootOwner,
): void {
  const pass = () => {
    const length = con0.ring.next - from;
    if (length > monitorLimits.bootMessages) return;
    warnings.attempt(() => planner.rememberBoot(plan, con0.lastLines(length, from).join('\n')));
  };
  clock.after(monitorLimits.bootMessagesWait, pass, 'background');
}
