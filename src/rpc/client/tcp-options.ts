/** Pure. */
import { remoteLimits } from '../../system/limits/limits.ts';

/** Of both ends of remote control: keys are sent at once, and an end that has vanished is noticed. */
export const tcpOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: remoteLimits.keepAlive,
} as const;
