import { type BigIntStats, statSync } from 'node:fs';
import { deviceId, deviceSize } from '../../disk/open-image.ts';
import type { ImagePlan } from '../../plan/plan.ts';
import { clipText } from '../../rpc/clip-text.ts';
import { type DiskInfo, UMLMON_TEXT_MAX } from '../../rpc/umlmonctrl.gen.ts';
import type { Disk } from './disks.ts';

/** One line of `umlwatch -info`. Sizes are 0 for an image whose name is gone. */
export function describeDisk({ image, plugged }: Disk): DiskInfo {
  const { unit, jailPath, backing, hostPath } = image;
  const clip = (text: string) => clipText(text, UMLMON_TEXT_MAX);
  return {
    unit,
    path: clip(jailPath),
    backing: clip(backing?.jailPath ?? ''),
    flags: clip(flagsOf(image)),
    ...sizesOf(hostPath),
    plugged,
  };
}

function flagsOf({ readOnly, sync, kernelLock, trim, serial }: ImagePlan): string {
  const words = [readOnly && 'ro', sync && 'sync', !kernelLock && 'nolock', !trim && 'notrim'];
  return [...words, serial && `serial=${serial}`].filter((word) => word !== false && word !== '').join(' ');
}

function sizesOf(hostPath: string): { size: number; allocated: number } {
  let stat: BigIntStats;
  try {
    stat = statSync(hostPath, { bigint: true });
  } catch {
    return { size: 0, allocated: 0 };
  }
  if (!stat.isBlockDevice()) return { size: Number(stat.size), allocated: Number(stat.blocks) * 512 };
  const size = deviceSize(deviceId(stat.rdev));
  return { size, allocated: size };
}
