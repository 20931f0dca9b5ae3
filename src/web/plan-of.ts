import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { webLimits } from '../system/limits.ts';
import { refused } from './answer.ts';
import type { Monitors } from './monitors.ts';

let latest: Promise<unknown> = Promise.resolve();

/**
 * What the next start of a VM would do, as `umlmon -plan` prints it: a process of its own, one at a time, since the plan
 * looks at images and kernels. Errors: Refused 409, 502.
 */
export function planOf(vm: string, monitors: Monitors): Promise<{ readonly text: string }> {
  if (!monitors.isHere(vm))
    throw refused(409, vm, 'the plan of a VM is made on its own host', 'there: umlmon -plan');
  const { configPath, programs } = monitors;
  const mine = latest.then(() => print(vm, configPath, join(programs, 'umlmon.cjs')));
  // The next one only waits for its turn.
  latest = mine.catch(() => undefined);
  return mine;
}

function print(
  vm: string,
  configPath: string | undefined,
  program: string,
): Promise<{ readonly text: string }> {
  const args = [program, ...(configPath === undefined ? [] : ['-config', configPath]), '-plan', vm];
  const limits = { timeout: webLimits.toolTime, maxBuffer: webLimits.toolBytes };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, limits, (error, stdout, stderr) => {
      if (error) reject(refused(502, `umlmon -plan ${vm}`, stderr.trim().slice(0, 4000) || error.message));
      else resolve({ text: stdout });
    });
  });
}
