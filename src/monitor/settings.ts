import { type Configured, pendingChanges, type SettingChange, withLiveKeys } from '../config/changes.ts';
import type { VmConfig } from '../config/config.ts';
import type { UpdateArgs } from '../rpc/umlmonctrl.gen.ts';
import { secretValues } from './endings/redact.ts';
import type { SecretSource } from './endpoints/view.ts';
import type { EventLog } from './events/event-log.ts';

export interface WrittenConfig {
  /** The configuration as its files are now. Errors: CONFIG_*. */
  readConfigured(): Configured;
}

export interface SettingsParts {
  /** The configuration with which the monitor was started. */
  readonly configured: Configured;
  readonly written: WrittenConfig;
  readonly events: Pick<EventLog, 'publish'>;
}

/** The settings in force: those of the last start of the VM, and the updates since. */
export class Settings implements SecretSource {
  readonly #parts: SettingsParts;
  #inForce: Configured;

  constructor(parts: SettingsParts) {
    this.#parts = parts;
    this.#inForce = parts.configured;
  }

  /** Values of kernel arguments whose names sound secret. */
  secrets(): readonly string[] {
    return secretValues(this.vm.append);
  }

  get vm(): VmConfig {
    return this.#inForce.vm;
  }

  /** A start of the VM puts its configuration in force. */
  putInForce(configured: Configured): void {
    this.#inForce = configured;
  }

  /** Reads the configuration anew, puts live keys in force, and returns all changes. Errors: CONFIG_*. */
  update({ dryRun }: UpdateArgs): SettingChange[] {
    const { configured, events } = this.#parts;
    const written = this.#parts.written.readConfigured();
    const changes = pendingChanges(configured, this.#inForce, written);
    const live = changes.filter(({ effect }) => effect === 'now').map(({ key }) => key);
    if (dryRun || live.length === 0) return changes;
    this.#inForce = { ...this.#inForce, vm: withLiveKeys(this.vm, written.vm) };
    events.publish('updated', `${live.join(', ')} as written now`, { keys: live.join(' ') });
    return changes;
  }
}
