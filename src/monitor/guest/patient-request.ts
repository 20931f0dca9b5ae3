import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../../kernel/mconsole.ts';
import { toFailure } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';

/** Sends commands to the management console of a kernel. */
export interface Console {
  request(command: string): Promise<Answer>;
}

/** Programs of the guest, such as udev, open a device for a moment: then the request is repeated. Errors: MCONSOLE_*. */
export async function requestPatiently(console: Console, command: string): Promise<void> {
  const deadline = performance.now() + diskLimits.plugTime;
  for (;;)
    try {
      await console.request(command);
      return;
    } catch (error) {
      if (toFailure(error).code !== 'MCONSOLE_DEVICE_OPEN' || performance.now() > deadline) throw error;
      await delay(diskLimits.plugPause);
    }
}
