import { execFile } from 'node:child_process';
import { allowedCores } from '../../plan/facts/core-load.ts';
import { toolEnvironment } from '../../system/environment.ts';
import { monitorLimits } from '../../system/limits/limits.ts';

/**
 * Moves this monitor off the cores of its VM, if there are others. A pty holds so little that every moment in which
 * the monitor waits for the core of its own guest is a moment in which neither gets on (measured: console output
 * comes half as fast again). Returns the way back. Failure costs only speed and is no error.
 */
export function keepOffCores(taskset: string, cores: readonly number[]): () => Promise<void> {
  const all = allowedCores();
  const others = all.filter((core) => !cores.includes(core));
  if (cores.length === 0 || others.length === 0 || others.length === all.length)
    return () => Promise.resolve();
  const moved = setOwnCores(taskset, others);
  return async () => {
    await moved;
    await setOwnCores(taskset, all);
  };
}

/** All threads of this process (taskset(1), -a). */
function setOwnCores(taskset: string, cores: readonly number[]): Promise<void> {
  const args = ['--all-tasks', '--cpu-list', '--pid', cores.join(','), String(process.pid)];
  return new Promise((resolve) => {
    execFile(taskset, args, { timeout: monitorLimits.tasksetTime, env: toolEnvironment }, () => resolve());
  });
}
