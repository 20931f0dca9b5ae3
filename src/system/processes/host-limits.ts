/**
 * Limits of resources (getrlimit(2)). Read the hard limit before setting one: a higher value needs CAP_SYS_RESOURCE
 * and fails without it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setResourceLimit } from '../native/native.ts';
import { type HostLimits, type LimitName, limitNames, parseLimits, resources } from './resource-limits.ts';

/** The limits of this process. */
export function ownLimits(): HostLimits {
  return parseLimits(readFileSync('/proc/self/limits', 'latin1'));
}

/**
 * These limits are not raised. A core is never wanted. With an unlimited stack the kernel lays out memory from below
 * (mmap_is_legacy in mm/util.c), where UML has its own.
 */
const asTheyAre: readonly LimitName[] = ['core', 'stack'];

/**
 * Raises the soft limits of this process, and so of all that it starts, to the hard ones.
 * Soft limits come from the shell's defaults; one of file size kills a program at a write (SIGXFSZ).
 */
export function raiseOwnLimits(limits = ownLimits()): void {
  for (const name of limitNames) {
    const { soft, hard } = limits[name];
    if (soft < hard && !asTheyAre.includes(name)) setResourceLimit(resources[name][0], hard, hard);
  }
}

/**
 * A core of this process, and of all that it starts from now on, has no memory in it (core(5), coredump_filter; dup_mm and
 * mm_init in kernel/fork.c hand it down). A hard limit of 0 is not enough: a core pattern that is a program
 * gets a core in spite of it (fs/coredump.c). A panic would hand the guest's memory to a program that runs as root.
 *
 * @returns whether it is so
 */
export function keepMemoryFromCores(): boolean {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
    return true;
  } catch {
    return false;
  }
}
