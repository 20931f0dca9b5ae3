import { readFileSync } from 'node:fs';

/** pid_max is at most 2^22 (proc_sys_kernel(5)). */
const pids = 2 ** 22;

/**
 * Groups that stand for a run. No account has those of the first range (Users, Groups, UIDs and GIDs on systemd
 * Systems: 1879048192 to 2147352575 are unused); where a container does not map it, those of dynamic users.
 */
const ranges = [
  { first: 1_900_000_000, count: pids },
  { first: 61_184, count: 4336 },
] as const;

/**
 * A group that only one run has at a time, so that what is one run's alone is closed to others of the same user.
 *
 * @param pid of umlrun; two that live have different ones
 * @param taken groups of other runs
 * @param gidMap text of /proc/self/gid_map
 * @returns undefined where this namespace has no such group
 */
export function groupOfRun(
  pid: number,
  taken: ReadonlySet<number>,
  gidMap = readFileSync('/proc/self/gid_map', 'latin1'),
): number | undefined {
  const mapped = gidMap
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const range = ranges.find(({ first, count }) =>
    mapped.some(([inside = 0, , length = 0]) => inside <= first && first + count <= inside + length),
  );
  if (!range) return undefined;
  const { first, count } = range;
  for (let i = 0; i < count; i++) {
    const gid = first + ((pid + i) % count);
    if (!taken.has(gid)) return gid;
  }
  return undefined;
}
