import { allowedCores } from '../../plan/facts/core-load.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { runHostCommand } from '../../system/processes/host-command.ts';

/**
 * Moves this monitor off the cores of its VM, if there are others. A pty holds so little that a monitor that waits for the
 * core of its own guest makes the guest wait, too (measured: console output is half as fast again without that).
 *
 * @returns what undoes it. Failure costs only speed and is not reported.
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

/** Sets the cores of all threads of this process (taskset(1), -a). */
async function setOwnCores(taskset: string, cores: readonly number[]): Promise<void> {
  const args = ['--all-tasks', '--cpu-list', '--pid', cores.join(','), String(process.pid)];
  await runHostCommand({ program: taskset, args, timeMs: monitorLimits.tasksetTime });
}
