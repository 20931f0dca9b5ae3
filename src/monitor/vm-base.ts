import { dirname, join } from 'node:path';
import { Screens } from '../console/screen/screens.ts';
import type { VmLayout } from '../jail/layout.ts';
import type { Clock } from '../system/clock.ts';
import { Channels } from './consoles/channels.ts';
import { Backups } from './disks/backups.ts';
import { CrashBundles } from './endings/crash-bundle.ts';
import type { EventLog } from './events/event-log.ts';
import { Stats } from './guest/stats.ts';
import { inputReporter } from './input-report.ts';
import type { KernelSource } from './kernels.ts';
import type { Settings } from './settings.ts';
import { Hooks } from './start/hooks.ts';
import type { StartPlanner } from './start/start-planner.ts';
import type { VmContext, VmParts } from './vm-parts.ts';
import { Warnings } from './warnings.ts';

/** Beside the program of the monitor. Its thread starts with the first request for a screen. */
const screenProgram = join(dirname(__filename), 'umlmon-screen.cjs');

/** The parts of a VM that do not depend on its state. */
export class VmBase implements VmContext {
  readonly name: string;
  readonly layout: VmLayout;
  readonly events: EventLog;
  readonly settings: Settings;
  readonly planner: StartPlanner;
  readonly kernels: KernelSource;
  readonly clock: Clock;
  readonly channels: Channels;
  readonly screens = new Screens(screenProgram);
  readonly crashes: CrashBundles;
  readonly backups: Backups;
  readonly warnings: Warnings;
  readonly hooks: Hooks;
  readonly stats = new Stats();

  constructor({ layout, events, settings, planner, kernels, clock }: VmParts) {
    this.name = layout.vm;
    this.layout = layout;
    this.events = events;
    this.settings = settings;
    this.planner = planner;
    this.kernels = kernels;
    this.clock = clock;
    this.warnings = new Warnings(this.name, events);
    this.channels = new Channels(
      (path, change) => this.warnings.logChanged(path, change),
      inputReporter(events),
    );
    this.crashes = new CrashBundles(this);
    this.backups = new Backups(this);
    this.hooks = new Hooks(this.name, events);
  }
}
