import { diskArgument } from '../../kernel/command-line.ts';
import type { ImagePlan } from '../../plan/plan.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { type Console, requestPatiently } from '../guest/patient-request.ts';
import type { RunningKernel } from '../running-kernel.ts';

/**
 * Gives a running kernel one more disk. The image is locked, listed and recorded first. So all images of the
 * kernel stay locked, at whatever moment the monitor or the kernel exits.
 *
 * @throws UmlmonError DISK_UNIT, MCONSOLE_*, and those of Disks.add
 */
export function plugDisk(kernel: RunningKernel, image: ImagePlan): Promise<void> {
  const { disks } = kernel;
  const { backing, ...disk } = image;
  const { unit } = image;
  return disks.inTurn(async () => {
    const there = disks.at(unit);
    if (there)
      throw new UmlmonError('DISK_UNIT', {
        place: `ubd${unit}`,
        cause: `it is ${there.image.jailPath} already`,
        hint: 'unplug that first, or take another number',
      });
    await disks.add(image);
    try {
      kernel.record();
      await requestPatiently(
        kernel,
        `config ${diskArgument({ ...disk, ...(backing ? { backing: backing.jailPath } : {}) })}`,
      );
    } catch (error) {
      // Without an answer, the kernel may have the disk or take it later: the image stays locked.
      if (await hasDisk(kernel, unit).catch(() => true)) throw error;
      await disks.remove(unit);
      kernel.record();
      throw error;
    }
  });
}

/**
 * Takes a disk from a running kernel; its image is synced, and free.
 *
 * @throws UmlmonError DISK_UNIT, MCONSOLE_DEVICE_OPEN while the guest uses it, other MCONSOLE_*, HOST_SYSTEM_CALL
 */
export function unplugDisk(kernel: RunningKernel, unit: number): Promise<void> {
  const { disks } = kernel;
  return disks.inTurn(async () => {
    if (!disks.at(unit))
      throw new UmlmonError('DISK_UNIT', {
        place: `ubd${unit}`,
        cause: 'the VM has no such disk',
        hint: `umlwatch ${kernel.plan.vm} -info`,
      });
    // An earlier attempt may have been interrupted after the kernel had finished.
    if (await hasDisk(kernel, unit)) await requestPatiently(kernel, `remove ubd${unit}`);
    try {
      await disks.remove(unit);
    } finally {
      kernel.record();
    }
  });
}

/** Whether the kernel has a disk, by its own answer. Errors: MCONSOLE_*. */
export async function hasDisk(console: Console, unit: number): Promise<boolean> {
  const { text } = await console.request(`config ubd${unit}`);
  return text.replaceAll('\0', '').trim() !== '';
}
