/**
 * Limits of resources (getrlimit(2)). Whoever sets one looks first at what the host has left of it: above the hard limit
 * none can be set without CAP_SYS_RESOURCE, and a try to do so fails.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setResourceLimit } from '../native/native.ts';

/** Number of the resource (asm-generic/resource.h), and its name in proc_pid_limits(5). */
const resources = {
  cpu: [0, 'Max cpu time'],
  fsize: [1, 'Max file size'],
  data: [2, 'Max data size'],
  stack: [3, 'Max stack size'],
  core: [4, 'Max core file size'],
  nproc: [6, 'Max processes'],
  nofile: [7, 'Max open files'],
  memlock: [8, 'Max locked memory'],
  as: [9, 'Max address space'],
  sigpending: [11, 'Max pending signals'],
} as const;

export type LimitName = keyof typeof resources;

export interface HostLimit {
  /** Infinity for `unlimited`; units as of getrlimit(2). */
  readonly soft: number;
  readonly hard: number;
}

export type HostLimits = Readonly<Record<LimitName, HostLimit>>;

const names = Object.keys(resources) as LimitName[];

/** All limits in the text of proc_pid_limits(5). One that it does not have is no limit. */
export function parseLimits(text: string): HostLimits {
  const boundOf = (word: string | undefined) =>
    word === undefined || word === 'unlimited' ? Number.POSITIVE_INFINITY : Number(word);
  const limitOf = (name: LimitName): HostLimit => {
    const [, soft, hard] = new RegExp(`^${resources[name][1]}\\s+(\\S+)\\s+(\\S+)`, 'm').exec(text) ?? [];
    return { soft: boundOf(soft), hard: boundOf(hard) };
  };
  return Object.fromEntries(names.map((name) => [name, limitOf(name)])) as HostLimits;
}

/** The limits of this process. */
export function ownLimits(): HostLimits {
  return parseLimits(readFileSync('/proc/self/limits', 'latin1'));
}

/** What prlimit(1) is to set, in its words: for each limit the smaller of what is wanted and what can be. */
export function prlimitWords(
  wanted: Partial<Record<LimitName, number>>,
  limits: HostLimits,
): `--${LimitName}=${string}`[] {
  return names.flatMap((name): `--${LimitName}=${string}`[] => {
    const most = wanted[name];
    return most === undefined ? [] : [`--${name}=${Math.min(most, limits[name].hard)}`];
  });
}

/**
 * Not among those that are raised: a core is never wanted, and with a stack without bound the kernel lays out memory from
 * below (mmap_is_legacy in mm/util.c), where UML has its own.
 */
const asTheyAre: readonly LimitName[] = ['core', 'stack'];

/**
 * Raises the soft limits of this process, and so of all that it starts, to the hard ones: a soft limit is the shell's
 * habit, and one of file size ends a program at a write (SIGXFSZ).
 */
export function raiseOwnLimits(limits = ownLimits()): void {
  for (const name of names) {
    const { soft, hard } = limits[name];
    if (soft < hard && !asTheyAre.includes(name)) setResourceLimit(resources[name][0], hard, hard);
  }
}

/**
 * A core of this process, and of all that it starts from now on, has no memory in it (core(5), coredump_filter; dup_mm and
 * mm_init in kernel/fork.c hand it down). Where the hard limit is 0, a core pattern that is a program gets a core in spite
 * of it (fs/coredump.c): a panic would hand the guest's memory to a program that runs as root.
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
