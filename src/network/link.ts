import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LinkStatus {
  /** `up` while somebody has the tap open, which for a guest means that it has its interface up. */
  readonly link: 'up' | 'down' | 'unknown';
  /** Bytes that the guest has received, and sent. */
  readonly received: number;
  readonly sent: number;
}

/** How a tap is doing (sysfs-class-net of the host kernel's documentation); unknown if there is none. */
export function lookAtLink(name: string): LinkStatus {
  const read = (file: string) => readFileSync(join('/sys/class/net', name, file), 'latin1').trim();
  try {
    return {
      link: read('carrier') === '1' ? 'up' : 'down',
      // What the host sends is what the guest receives.
      received: Number(read('statistics/tx_bytes')),
      sent: Number(read('statistics/rx_bytes')),
    };
  } catch {
    return { link: 'unknown', received: 0, sent: 0 };
  }
}
