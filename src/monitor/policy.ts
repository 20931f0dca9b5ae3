import type { ExitRecord } from '../rpc/umlmonctrl.gen.ts';
import { monitorLimits } from '../system/limits.ts';

export interface RestartPolicies {
  readonly on_reboot: 'restart' | 'stop';
  readonly on_crash: 'restart' | 'stop';
}

export interface Restart {
  readonly policy: 'on_reboot' | 'on_crash';
  readonly delayMs: number;
}

/** Whether a guest that has ended is started again, and when. An end that somebody asked for is final. */
export function decideRestart(
  exit: ExitRecord,
  policies: RestartPolicies,
  ranMs: number,
): Restart | undefined {
  if (exit.askedBy) return undefined;
  const delayMs = Math.max(0, monitorLimits.restartInterval - ranMs);
  if (exit.cause === 'reboot' && policies.on_reboot === 'restart') return { policy: 'on_reboot', delayMs };
  if (exit.cause === 'crash' && policies.on_crash === 'restart') return { policy: 'on_crash', delayMs };
  return undefined;
}
