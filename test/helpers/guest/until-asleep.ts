import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Samples in a row without a sign of life, 50 ms apart. */
const quietSamples = 10;

/**
 * Resolves when a client waits for its monitor: whether it has asked is not to be seen from outside, but that it sleeps
 * and uses no processor.
 */
export async function untilAsleep(pid: number): Promise<void> {
  let last = '';
  let quiet = 0;
  for (let attempt = 0; quiet < quietSamples; attempt++) {
    if (attempt > 600) throw new Error(`process ${pid} does not come to rest`);
    await delay(50);
    const [state, ...rest] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ');
    const used = rest.slice(10, 12).join(' ');
    quiet = state === 'S' && used === last ? quiet + 1 : 0;
    last = used;
  }
}
