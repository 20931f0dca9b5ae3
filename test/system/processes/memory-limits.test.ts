import { describe, expect, test } from 'vitest';
import { type MemoryCgroup, outOfMemory } from '../../../src/system/processes/memory-cgroup.ts';
import { availableMemory, memoryCgroups } from '../../../src/system/processes/memory-limits.ts';

const MiB = 1024 ** 2;
const unlimited = Number.POSITIVE_INFINITY;

/** A host of nothing but these files. */
const host = (files: Readonly<Record<string, string>>) => (path: string) => files[path];
const meminfo = { '/proc/meminfo': `MemTotal: 9000000 kB\nMemAvailable: ${8192 * 1024} kB\n` };
const mount = (root: string, point: string, rest: string) => `31 23 0:28 ${root} ${point} rw - ${rest}\n`;
const unified = { '/proc/self/mountinfo': mount('/', '/sys/fs/cgroup', 'cgroup2 cgroup2 rw') };
const slice = '/sys/fs/cgroup/a.slice';

describe('version 2', () => {
  const files = {
    ...meminfo,
    ...unified,
    '/proc/self/cgroup': '0::/a.slice/b.service\n',
    [`${slice}/memory.max`]: `${300 * MiB}\n`,
    [`${slice}/memory.high`]: 'max\n',
    [`${slice}/memory.current`]: `${250 * MiB}\n`,
    [`${slice}/memory.stat`]: `anon 1\ninactive_file ${100 * MiB}\nactive_file ${MiB}\nslab_reclaimable ${MiB}\n`,
    [`${slice}/memory.events`]: 'low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\n',
    [`${slice}/b.service/memory.max`]: 'max\n',
    [`${slice}/b.service/memory.high`]: `${500 * MiB}\n`,
    [`${slice}/b.service/memory.current`]: `${60 * MiB}\n`,
  };

  test('each parent cgroup counts, and reclaimable memory counts as free', () => {
    expect(memoryCgroups(host(files))).toEqual([
      { path: '/a.slice/b.service', limit: 500 * MiB, free: 440 * MiB, refusals: 0, oomKills: 0 },
      { path: '/a.slice', limit: 300 * MiB, free: 152 * MiB, refusals: 3, oomKills: 2 },
    ]);
    expect(availableMemory(host(files))).toEqual({
      bytes: 152 * MiB,
      cgroup: { path: '/a.slice', limit: 300 * MiB },
    });
  });

  test('of a container, only what is mounted can be seen', () => {
    const within = {
      ...files,
      '/proc/self/mountinfo': mount('/docker/x', '/sys/fs/cgroup', 'cgroup2 cgroup rw'),
    };
    const own = {
      '/sys/fs/cgroup/memory.max': `${64 * MiB}`,
      '/sys/fs/cgroup/memory.current': `${MiB}`,
    };
    for (const path of ['/docker/x', '/', '/../y'])
      expect(memoryCgroups(host({ ...within, ...own, '/proc/self/cgroup': `0::${path}\n` }))).toEqual([
        { path: '/', limit: 64 * MiB, free: 63 * MiB, refusals: 0, oomKills: 0 },
      ]);
  });
});

test('version 1, beside an empty hierarchy of version 2; a limit above that cannot be seen', () => {
  const point = '/sys/fs/cgroup/memory';
  const files = {
    ...meminfo,
    '/proc/self/mountinfo':
      mount('/', '/sys/fs/cgroup/unified', 'cgroup2 cgroup2 rw') +
      mount('/', point, 'cgroup cgroup rw,memory'),
    '/proc/self/cgroup': '4:cpu,memory:/x\n0::/\n',
    [`${point}/x/memory.limit_in_bytes`]: '9223372036854771712\n',
    [`${point}/x/memory.usage_in_bytes`]: `${50 * MiB}\n`,
    [`${point}/x/memory.stat`]: `total_inactive_file ${10 * MiB}\nhierarchical_memory_limit ${200 * MiB}\n`,
    [`${point}/x/memory.failcnt`]: '7\n',
    [`${point}/x/memory.oom_control`]: 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
    [`${point}/memory.limit_in_bytes`]: '9223372036854771712\n',
    [`${point}/memory.usage_in_bytes`]: `${500 * MiB}\n`,
  };
  expect(memoryCgroups(host(files))).toEqual([
    { path: '/x', limit: 200 * MiB, free: 160 * MiB, refusals: 7, oomKills: 1 },
    { path: '/', limit: unlimited, free: unlimited, refusals: 0, oomKills: 0 },
  ]);
});

test('without cgroups it is the memory of the host', () => {
  expect(availableMemory(host(meminfo))).toEqual({ bytes: 8192 * MiB });
});

describe('the part that is out of memory', () => {
  const cgroup = (path: string, limit: number, refusals: number, oomKills: number): MemoryCgroup => ({
    path,
    limit,
    free: 0,
    refusals,
    oomKills,
  });
  const before = [
    cgroup('/a/b', unlimited, 0, 0),
    cgroup('/a', 200 * MiB, 3, 1),
    cgroup('/', unlimited, 3, 1),
  ];

  test.each([
    ['nobody', before, undefined],
    ['a limit that was in the way, and killed nobody', [before[0], cgroup('/a', 200 * MiB, 9, 1)], undefined],
    [
      'the limit above',
      [cgroup('/a/b', unlimited, 0, 1), cgroup('/a', 200 * MiB, 4, 2), cgroup('/', unlimited, 4, 2)],
      'out of memory: the limit 200 MiB of cgroup /a',
    ],
    [
      'the host',
      [cgroup('/a/b', unlimited, 0, 1), cgroup('/a', 200 * MiB, 3, 2)],
      'out of memory: the memory of the host',
    ],
  ])('%s', (_who, after, said) => {
    expect(
      outOfMemory(
        before,
        after.flatMap((one) => one ?? []),
      ),
    ).toBe(said);
  });
});
