import { fstatSync } from 'node:fs';
import { factsIn } from '../../disk/names/image-facts.ts';
import type { ImagePlan } from '../../plan/plan.ts';
import { clipText } from '../../rpc/clip-text.ts';
import { type DiskInfo, UMLMON_TEXT_MAX } from '../../rpc/umlmonctrl.gen.ts';
import type { Disk, Disks } from './disks.ts';

/** One line of `umlwatch -info`. Sizes are those of the file that the kernel has; 0 while we do not have it. */
export function describeDisk({ image, plugged }: Disk, disks: Pick<Disks, 'fdOf'>): DiskInfo {
  const { unit, jailPath, backing } = image;
  const clip = (text: string) => clipText(text, UMLMON_TEXT_MAX);
  return {
    unit,
    path: clip(jailPath),
    backing: clip(backing?.jailPath ?? ''),
    flags: clip(flagsOf(image)),
    ...sizesOf(disks.fdOf('image-lock', unit)),
    plugged,
  };
}

function flagsOf({ readOnly, sync, kernelLock, trim, serial }: ImagePlan): string {
  const words = [readOnly && 'ro', sync && 'sync', !kernelLock && 'nolock', !trim && 'notrim'];
  return [...words, serial && `serial=${serial}`].filter((word) => word !== false && word !== '').join(' ');
}

function sizesOf(fd: number | undefined): { size: number; allocated: number } {
  if (fd === undefined) return { size: 0, allocated: 0 };
  const { size, allocated } = factsIn(fstatSync(fd, { bigint: true }), '', []);
  return { size, allocated };
}
