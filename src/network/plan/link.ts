import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkStats } from '../../rpc/umlmonctrl.gen.ts';

export interface LinkStatus {
  /** `up` while a process has the tap open: a kernel opens it when its guest sets the interface up. */
  readonly link: 'up' | 'down' | 'unknown';
  readonly traffic: Traffic;
}

/** From the guest's point of view: packets that the host sends count as received. */
export type Traffic = Omit<NetworkStats, 'name'>;

export const noTraffic: Traffic = {
  received: 0,
  receivedPackets: 0,
  receivedDropped: 0,
  sent: 0,
  sentPackets: 0,
  sentDropped: 0,
};

/** State and counters of a tap (sysfs-class-net of the host kernel's documentation); unknown if it does not exist. */
export function lookAtLink(name: string): LinkStatus {
  const read = (file: string) => readFileSync(join('/sys/class/net', name, file), 'latin1').trim();
  const count = (what: string) => Number(read(`statistics/${what}`));
  try {
    return {
      link: read('carrier') === '1' ? 'up' : 'down',
      traffic: {
        received: count('tx_bytes'),
        receivedPackets: count('tx_packets'),
        receivedDropped: count('tx_dropped'),
        sent: count('rx_bytes'),
        sentPackets: count('rx_packets'),
        sentDropped: count('rx_dropped'),
      },
    };
  } catch {
    return { link: 'unknown', traffic: noTraffic };
  }
}
