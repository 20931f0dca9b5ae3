/** How much memory there is for this process: the host's, and what the cgroups leave of it that it is in (cgroups(7)). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AvailableMemory, MemoryCgroup } from './memory-cgroup.ts';

/** Reads a file of /proc or of a cgroup; undefined if it cannot be read. */
export type ReadText = (path: string) => string | undefined;

const readHostText: ReadText = (path) => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
};

/** The cgroups of this process with a controller of memory, from its own up to the highest that can be seen. */
export function memoryCgroups(read: ReadText = readHostText): MemoryCgroup[] {
  const own = read('/proc/self/cgroup') ?? '';
  const mounts = (read('/proc/self/mountinfo') ?? '').split('\n').flatMap(hierarchyOf);
  // In a mixed set-up, version 1 has the controllers.
  for (const version of [1, 2] as const) {
    const mount = mounts.find((one) => one.version === version);
    const path = (version === 1 ? /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m : /^0::(.*)$/m).exec(own)?.[1];
    if (!mount || path === undefined) continue;
    const found = ways(path, mount.root).flatMap((way) => lookAt(version, join(mount.point, way), way, read));
    if (found.length > 0) return found;
  }
  return [];
}

/** Bytes that a new process may take without swapping: of the host, and within the limits of all cgroups. */
export function availableMemory(read: ReadText = readHostText): AvailableMemory {
  const meminfo = read('/proc/meminfo') ?? '';
  let least: AvailableMemory = {
    bytes: Number(/^MemAvailable:\s*(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024,
  };
  for (const { path, limit, free } of memoryCgroups(read))
    if (free < least.bytes) least = { bytes: free, cgroup: { path, limit } };
  return least;
}

interface Hierarchy {
  readonly version: 1 | 2;
  readonly root: string;
  readonly point: string;
}

/** A line of proc_pid_mountinfo(5). */
function hierarchyOf(line: string): Hierarchy[] {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root, point] = before.split(' ');
  const [type, , options = ''] = after.split(' ');
  if (root === undefined || point === undefined) return [];
  if (type === 'cgroup2') return [{ version: 2, root, point }];
  return type === 'cgroup' && options.split(',').includes('memory') ? [{ version: 1, root, point }] : [];
}

/** Directories below the mount point: that of the path, and all above it. */
function ways(path: string, root: string): string[] {
  // Of a cgroup namespace, or a container, only the part that is mounted can be seen.
  const isBelow = root === '/' || path === root || path.startsWith(`${root}/`);
  const seen = isBelow && !path.startsWith('/..') ? path.slice(root === '/' ? 0 : root.length) : '/';
  const parts = seen.split('/').filter(Boolean);
  return Array.from(
    { length: parts.length + 1 },
    (_, up) => `/${parts.slice(0, parts.length - up).join('/')}`,
  );
}

function lookAt(version: 1 | 2, directory: string, path: string, read: ReadText): MemoryCgroup[] {
  const text = (file: string) => read(join(directory, file));
  // Without a limit: `max`, or of version 1 more than any host has.
  const bytes = (file: string) => {
    const value = Number(text(file)?.trim() || Number.NaN);
    return value < 2 ** 60 ? value : Number.POSITIVE_INFINITY;
  };
  const counted = (file: string, name: string) =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text(file) ?? '')?.[1] ?? 0);
  const files =
    version === 1
      ? ({ limits: ['memory.limit_in_bytes'], usage: 'memory.usage_in_bytes' } as const)
      : ({ limits: ['memory.max', 'memory.high'], usage: 'memory.current' } as const);
  const usage = bytes(files.usage);
  // The root cgroup of version 2 and a cgroup without the controller have no such file.
  if (usage === Number.POSITIVE_INFINITY) return [];
  const hierarchical = version === 1 ? counted('memory.stat', 'hierarchical_memory_limit') : 0;
  const limit = Math.min(
    ...files.limits.map(bytes),
    hierarchical > 0 && hierarchical < 2 ** 60 ? hierarchical : Number.POSITIVE_INFINITY,
  );
  const total = version === 1 ? 'total_' : '';
  const caches = ['inactive_file', 'active_file', ...(version === 1 ? [] : ['slab_reclaimable'])];
  const reclaimable = caches.reduce((sum, name) => sum + counted('memory.stat', total + name), 0);
  return [
    {
      path,
      limit,
      free: Math.max(0, limit - Math.max(0, usage - reclaimable)),
      refusals: version === 1 ? Number(text('memory.failcnt')?.trim() || 0) : counted('memory.events', 'oom'),
      oomKills: counted(version === 1 ? 'memory.oom_control' : 'memory.events', 'oom_kill'),
    },
  ];
}
