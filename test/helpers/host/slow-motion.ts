import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The script that lets the process of its argument run a tenth of the time. */
export const slowMotionScript = join(import.meta.dirname, 'slow-motion.sh');

/** Runs `action` while a process runs a tenth of the time, so that a fast host is not done before somebody looks. */
export async function inSlowMotion<T>(pid: number, action: () => Promise<T>): Promise<T> {
  const brake = spawn('sh', [slowMotionScript, `${pid}`], { stdio: 'ignore' });
  try {
    return await action();
  } finally {
    brake.kill('SIGKILL');
    await once(brake, 'exit');
    process.kill(pid, 'SIGCONT');
  }
}
