import type { VmLayout } from '../jail/layout.ts';
import type { Notification } from '../kernel/notify.ts';
import type { Step } from '../plan/plan.ts';
import type { Clock } from '../system/clock.ts';
import type { Channels } from './consoles/channels.ts';
import type { Warnings } from './warnings.ts';

/** What the execution of a plan and the takeover of a kernel need of the run that they belong to. */
export interface KernelOwner {
  readonly layout: VmLayout;
  readonly channels: Channels;
  readonly warnings: Pick<Warnings, 'report'>;
  readonly clock: Clock;
  /** Aborted by a kill: the execution of the plan then ends at once. */
  readonly signal: AbortSignal;
  /** A step of the plan is done. */
  stepDone(step: Step['do']): void;
  /** The kernel has sent a notification. */
  notified(notification: Notification): void;
}
