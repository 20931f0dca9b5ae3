import type { VmConfig } from '../../config/config.ts';
import type { Channels } from '../consoles/channels.ts';
import type { EventLog } from '../events/event-log.ts';
import type { RunningKernel } from '../running-kernel.ts';
import { HangWatch } from './hang-watch.ts';

export interface HangPolicyHost {
  readonly config: VmConfig;
  readonly channels: Channels;
  readonly events: Pick<EventLog, 'publish'>;
  /** Ends the kernel, unless a stop is at it already. */
  readonly kill: () => void;
}

/** Watches a kernel for hangs, publishes them, and does what on_hang says. */
export function applyHangPolicy(kernel: RunningKernel, host: HangPolicyHost): HangWatch {
  const { config, channels, events } = host;
  const policy = config.on_hang;
  return new HangWatch({
    kernel,
    intervalMs: config.hang_check,
    said: () => channels.infos().reduce((sum, { bytesOut }) => sum + bytesOut, 0),
    onHang: ({ by, found }) => {
      events.publish('hang', `${found}; on_hang = ${policy}`, { by, policy });
      if (policy !== 'keep') host.kill();
    },
    onOver: (lastedMs) =>
      events.publish('hang-over', `it lasted ${lastedMs / 1000} s`, { lasted_ms: lastedMs }),
  });
}
