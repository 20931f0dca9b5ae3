import type { VmLayout } from '../../../src/jail/layout.ts';
import { Channels } from '../../../src/monitor/consoles/channels.ts';
import type { KernelOwner } from '../../../src/monitor/kernel-owner.ts';
import { hostClock } from '../../../src/system/clock.ts';

/** The owner of a kernel that is executed without a VM: a warning is an error. */
export function aloneOwner(layout: VmLayout): KernelOwner {
  return {
    layout,
    channels: new Channels(() => undefined),
    warnings: {
      report: (error) => {
        throw error;
      },
    },
    clock: hostClock,
    signal: new AbortController().signal,
    stepDone: () => undefined,
    notified: () => undefined,
  };
}
