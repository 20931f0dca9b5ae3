/** Memory that a cgroup grants (cgroups(7)), and what its counters show about an exit. Pure. */

/** A cgroup with a controller of memory: that of this process, or one above it. */
export interface MemoryCgroup {
  /** As in proc_pid_cgroup(5). */
  readonly path: string;
  /** Bytes that its processes may have; Infinity without a limit. */
  readonly limit: number;
  /** Bytes that they may still take, including reclaimable caches; Infinity without a limit. */
  readonly free: number;
  /** How often its limit was reached; of version 1 also if memory was then reclaimed. */
  readonly refusals: number;
  /** Processes in it that were ended for lack of memory; of version 1 not those of the cgroups below. */
  readonly oomKills: number;
}

/** Memory that a new VM can get, and the source of the figure. */
export interface AvailableMemory {
  readonly bytes: number;
  /** The cgroup whose limit it is; undefined for the host. */
  readonly cgroup?: { readonly path: string; readonly limit: number };
}

/** `the limit 200 MiB of cgroup /x`, or `the memory of the host`. */
export function memoryOwner(cgroup: AvailableMemory['cgroup']): string {
  if (!cgroup) return 'the memory of the host';
  return `the limit ${Math.floor(cgroup.limit / 1024 ** 2)} MiB of cgroup ${cgroup.path}`;
}

/**
 * Why a process was killed for lack of memory between two readings, as text; undefined if none was. The limit is that of
 * the lowest cgroup that was in the way: of version 2, those above it count with it.
 */
export function outOfMemory(
  before: readonly MemoryCgroup[],
  after: readonly MemoryCgroup[],
): string | undefined {
  const grew = (count: 'refusals' | 'oomKills') => (one: MemoryCgroup) => {
    const then = before.find(({ path }) => path === one.path);
    return then !== undefined && one[count] > then[count];
  };
  if (!after.some(grew('oomKills'))) return undefined;
  const limiting = after.find((one) => one.limit !== Number.POSITIVE_INFINITY && grew('refusals')(one));
  return `out of memory: ${memoryOwner(limiting)}`;
}
