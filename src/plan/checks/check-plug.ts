/** Whether a disk can be given to a kernel that runs: what a start would check, and what its jail shows. Pure. */
import type { VmConfig } from '../../config/config.ts';
import type { AtUnit } from '../../config/keys/key.ts';
import type { Refusal } from '../../config/problem.ts';
import type { UbdSpec } from '../../config/values/disk.ts';
import { imagePlans } from '../build-plan.ts';
import type { Inventory } from '../facts/inventory.ts';
import type { ImagePlan, LaunchPlan } from '../plan.ts';
import { checkDisk } from './check-disk.ts';

/**
 * @param vm with the disk as its only one
 * @param host as an inventory for that VM has found it
 * @param running the plan of the kernel
 */
export function planPlug(
  vm: VmConfig,
  disk: AtUnit<UbdSpec>,
  host: Inventory,
  running: LaunchPlan,
): ImagePlan | Refusal {
  for (const image of host.images) {
    const [why] = checkDisk(vm, disk, image, host);
    if (why) return why;
  }
  const [plan] = imagePlans(vm, host);
  if (!plan) throw new Error(`${disk.path} is missing, but no problem was reported`);
  const hidden =
    hiddenBy(running, plan.jailPath, !plan.readOnly) ??
    (plan.backing && hiddenBy(running, plan.backing.jailPath, false));
  return hidden ?? plan;
}

/** The mounts of a jail were made at its start, for the disks of then. */
function hiddenBy({ sandbox }: LaunchPlan, jailPath: string, write: boolean): Refusal | undefined {
  const [nearest] = sandbox.binds
    .filter(({ to }) => jailPath === to || jailPath.startsWith(`${to}/`))
    .sort((a, b) => b.to.length - a.to.length);
  const isDevice = jailPath.endsWith('.dev');
  if (nearest?.mode === 'dev' || (nearest?.mode === 'rw' && !isDevice)) return undefined;
  if (nearest?.mode === 'ro' && !isDevice && !write) return undefined;
  return {
    code: 'IMAGE_ACCESS',
    cause: isDevice
      ? `the jail was started without block devices in ${nearest?.to ?? '/'}: ${jailPath} cannot be opened in it`
      : `the jail was started with ${nearest?.to ?? '/'} read-only: ${jailPath} cannot be written`,
    hint: 'add the disk to the configuration and restart the VM',
  };
}
