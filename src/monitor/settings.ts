import { type Configured, pendingChanges, type SettingChange, withLiveKeys } from '../config/changes.ts';
import type { VmConfig } from '../config/config.ts';
import type { UpdateArgs } from '../rpc/umlmonctrl.gen.ts';
import type { EventLog } from './events/event-log.ts';

export interface SettingsParts {
  /** What the monitor was started with. */
  readonly configured: Configured;
  /** The configuration as it is written now. Errors: CONFIG_*. */
  readonly readConfig: () => Configured;
  readonly events: EventLog;
}

/** The settings in force: those of the last start of the VM, and what has been taken since. */
export class Settings {
  readonly #parts: SettingsParts;
  #inForce: Configured;

  constructor(parts: SettingsParts) {
    this.#parts = parts;
    this.#inForce = parts.configured;
  }

  get vm(): VmConfig {
    return this.#inForce.vm;
  }

  /** The VM starts with these. */
  begin(configured: Configured): void {
    this.#inForce = configured;
  }

  /** Reads the configuration anew, takes what takes effect at once, and tells all that has changed. Errors: CONFIG_*. */
  update({ dryRun }: UpdateArgs): SettingChange[] {
    const { configured, readConfig, events } = this.#parts;
    const written = readConfig();
    const changes = pendingChanges(configured, this.#inForce, written);
    const live = changes.filter(({ effect }) => effect === 'now').map(({ key }) => key);
    if (dryRun || live.length === 0) return changes;
    this.#inForce = { ...this.#inForce, vm: withLiveKeys(this.vm, written.vm) };
    events.publish('updated', `${live.join(', ')} as written now`, { keys: live.join(' ') });
    return changes;
  }
}
