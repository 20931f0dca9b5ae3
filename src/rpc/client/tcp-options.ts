/** Pure. */
import { remoteLimits } from '../../system/limits/limits.ts';

/** Options of both ends: keys are sent at once, and dead peers are detected. */
export const tcpOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: remoteLimits.keepAlive,
} as const;
