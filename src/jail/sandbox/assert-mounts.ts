import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { jailLimits } from '../../system/limits/limits.ts';
import { isBelow, type Mount, reachableMounts } from '../host/mount-table.ts';
import type { SandboxPlan } from './sandbox.ts';

/** The part of a plan that describes the mounts. */
export type MountPlan = Pick<SandboxPlan, 'tmpfs' | 'binds'>;

/**
 * Waits until a jail is complete, and compares its mounts with the plan. A file system that was mounted below a directory
 * of the host after the plan was made would be in the jail, too.
 *
 * @param pid a process of the jail
 * @param patience milliseconds; none if the jail is complete
 * @throws UmlmonError JAIL_MOUNTS
 */
export async function assertMounts(pid: number, plan: MountPlan, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    const mounts = mountsOf(pid);
    // It has exited: the launch reports why.
    if (mounts === undefined) return;
    const differences = differencesOf(mounts, plan);
    if (differences.length === 0) return;
    if (performance.now() > deadline)
      throw new UmlmonError('JAIL_MOUNTS', {
        place: 'jail',
        cause: `its mounts differ from the plan: ${differences.slice(0, jailLimits.mountDifferences).join(', ')}`,
        hint: 'unmount the extra mounts on the host, or try again if they have just changed',
      });
    await delay(1);
  }
}

/** Unexpected and missing mounts, as text. Empty if the jail matches the plan. Pure. */
export function differencesOf(mounts: readonly Mount[], { tmpfs, binds }: MountPlan): string[] {
  const planned = new Set(['/', ...tmpfs.map(({ path }) => path), ...binds.map(({ to }) => to)]);
  const whole = binds.filter(({ submounts }) => submounts === 'kept').map(({ to }) => to);
  const differences: string[] = [];
  for (const { point, type } of mounts) {
    if (planned.delete(point)) continue;
    if (!whole.some((path) => isBelow(point, path))) differences.push(`${type} at ${point}`);
  }
  return [...differences, ...[...planned].map((point) => `nothing at ${point}`)];
}

/** Undefined if the process has ended. */
function mountsOf(pid: number): Mount[] | undefined {
  try {
    return reachableMounts(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
  } catch (error) {
    // EINVAL: it is just ending, and has no namespace any more.
    if (isSystemError(error) && ['ENOENT', 'ESRCH', 'EINVAL'].includes(error.code ?? '')) return undefined;
    throw error;
  }
}
