/** How much memory of the host a guest uses, and how much of it the guest has freed. */
import { statfsSync } from 'node:fs';
import { monitorLimits } from '../../system/limits/limits.ts';

/** Bytes, from /proc/meminfo of a guest. */
export interface GuestMemory {
  readonly total: number;
  readonly free: number;
  /** Free, or can be made free without swapping. */
  readonly available: number;
}

/** Undefined if the text does not have all of them. */
export function parseMeminfo(text: string): GuestMemory | undefined {
  const bytes = (name: string) => {
    const kib = new RegExp(`^${name}: {1,20}(\\d{1,12}) kB$`, 'm').exec(text)?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  };
  const [total, free, available] = [bytes('MemTotal'), bytes('MemFree'), bytes('MemAvailable')];
  if (total === undefined || free === undefined || available === undefined) return undefined;
  return { total, free, available };
}

/**
 * How many bytes a balloon may take from a guest for a moment: its free memory less a reserve, for what the guest
 * allocates meanwhile. Whole MiB; 0 if too little is free.
 */
export function trimmable({ total, free, available }: GuestMemory): number {
  const reserve = Math.max(monitorLimits.trimReserve, total / 16);
  const bytes = Math.min(free, available) - reserve;
  const mib = 1024 ** 2;
  return bytes < mib ? 0 : Math.floor(bytes / mib) * mib;
}

/**
 * Bytes of the host that the memory of a guest takes. Its file has no name, and is the only one in the tmpfs at /tmp
 * of the jail. 0 without the right to read it.
 */
export function hostMemory(pid: number): number {
  if (pid === 0) return 0;
  try {
    const { blocks, bfree, bsize, type } = statfsSync(`/proc/${pid}/root/tmp`);
    return type === tmpfsMagic ? (blocks - bfree) * bsize : 0;
  } catch {
    return 0;
  }
}

/** TMPFS_MAGIC of linux/magic.h. */
const tmpfsMagic = 0x01021994;
