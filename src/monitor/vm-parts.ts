import type { Screens } from '../console/screen/screens.ts';
import type { VmLayout } from '../jail/layout.ts';
import type { Clock } from '../system/clock.ts';
import type { Channels } from './consoles/channels.ts';
import type { EventLog } from './events/event-log.ts';
import type { KernelSource } from './kernels.ts';
import type { Settings } from './settings.ts';
import type { StartPlanner } from './start/start-planner.ts';
import type { Warnings } from './warnings.ts';

/** What a VM needs of its monitor. */
export interface VmOwner {
  /** Bytes that the monitor's own log could not take. */
  readonly logDropped: number;
  /** `ADDRESS:PORT` on which the monitor listens too, or ''. */
  readonly tcp: string;
}

/** What a VM is made of. Tests replace planner, kernels and clock. */
export interface VmParts {
  readonly layout: VmLayout;
  readonly events: EventLog;
  readonly settings: Settings;
  readonly planner: StartPlanner;
  readonly kernels: KernelSource;
  readonly clock: Clock;
  readonly owner: VmOwner;
}

/** What a VM shares with its parts. */
export interface VmContext {
  readonly layout: VmLayout;
  readonly events: EventLog;
  readonly settings: Settings;
  readonly channels: Channels;
  readonly screens: Screens;
  readonly warnings: Warnings;
  readonly clock: Clock;
}
