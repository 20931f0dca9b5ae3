import type { Setting } from '../../config/config.ts';
import type { LaunchPlan } from '../../plan/plan.ts';
import type { Event, ExitRecord } from '../../rpc/umlmonctrl.gen.ts';
import type { HostFacts } from '../program/host-facts.ts';

export interface ConsoleOutput {
  readonly channel: string;
  /** The newest output. */
  readonly data: Uint8Array;
  /** Offset of `data` in the output of the channel: 0 if nothing is missing. */
  readonly offset: number;
}

export interface CrashFacts {
  readonly vm: string;
  /** Version of umlmon. */
  readonly version: string;
  readonly exit: ExitRecord;
  readonly plan: LaunchPlan;
  /** The section of the VM, with the defaults. */
  readonly settings: readonly Setting[];
  /** con0 first. */
  readonly consoles: readonly ConsoleOutput[];
  /** The last lines of con0, safe to show. */
  readonly screen: readonly string[];
  readonly events: readonly Event[];
  readonly host: HostFacts;
}
