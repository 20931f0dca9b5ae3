import type { VmConfig } from '../../config/config.ts';
import type { Channels } from '../consoles/channels.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Hang, HangListener } from './hang-watch.ts';

export interface HangOwner {
  readonly channels: Channels;
  readonly events: Pick<EventLog, 'publish'>;
  /** Ends the kernel, unless a stop is in progress. */
  killHung(): void;
}

/** Publishes hangs, and applies on_hang. */
export class HangPolicy implements HangListener {
  readonly #policy: VmConfig['on_hang'];
  readonly #owner: HangOwner;

  constructor(policy: VmConfig['on_hang'], owner: HangOwner) {
    this.#policy = policy;
    this.#owner = owner;
  }

  bytesSaid(): number {
    return this.#owner.channels.infos().reduce((sum, { bytesOut }) => sum + bytesOut, 0);
  }

  hung({ by, found }: Hang): void {
    const policy = this.#policy;
    this.#owner.events.publish('hang', `${found}; on_hang = ${policy}`, { by, policy });
    if (policy !== 'preserve') this.#owner.killHung();
  }

  hangOver(lastedMs: number): void {
    this.#owner.events.publish('hang-ended', `it lasted ${lastedMs / 1000} s`, { lasted_ms: lastedMs });
  }
}
