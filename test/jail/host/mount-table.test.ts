import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isBelow, reachableMounts } from '../../../src/jail/host/mount-table.ts';
import { differencesOf } from '../../../src/jail/sandbox/assert-mounts.ts';

const line = (id: number, parent: number, point: string, type = 'ext4', root = '/') =>
  `${id} ${parent} 8:1 ${root} ${point} rw,relatime shared:1 - ${type} /dev/x rw`;
const points = (...lines: string[]) => reachableMounts(lines.join('\n')).map(({ point }) => point);

describe('reachableMounts', () => {
  test('has all mounts of a plain table, parents first', () => {
    expect(points(line(1, 0, '/'), line(2, 1, '/proc', 'proc'), line(3, 2, '/proc/x'))).toEqual([
      '/',
      '/proc',
      '/proc/x',
    ]);
  });

  test('leaves out a mount that a later mount hides, with all below it', () => {
    const table = [
      line(1, 0, '/'),
      line(2, 1, '/sys', 'sysfs'),
      line(3, 2, '/sys/fs/cgroup'),
      line(4, 3, '/sys/fs/cgroup/cpu'),
      line(5, 2, '/sys', 'tmpfs'),
      line(6, 5, '/sys/new'),
    ];
    expect(reachableMounts(table.join('\n')).map(({ point, type }) => `${point} ${type}`)).toEqual([
      '/ ext4',
      '/sys tmpfs',
      '/sys/new ext4',
    ]);
  });

  test('omits mounts below a directory that another mount hides', () => {
    const table = [line(1, 0, '/'), line(2, 1, '/run/netns'), line(3, 1, '/run'), line(4, 3, '/run/user')];
    expect(points(...table)).toEqual(['/', '/run', '/run/user']);
  });

  test('starts where the parent is invisible, as in a chroot', () => {
    expect(points(line(30, 29, '/'), line(31, 12, '/elsewhere'))).toEqual(['/', '/elsewhere']);
  });

  test('reads names with blanks, and the source of a mount', () => {
    expect(reachableMounts(line(1, 0, '/a\\040b\\134c', 'ext4', '/d\\012'))).toEqual([
      { point: '/a b\\c', source: '8:1 /d\n', type: 'ext4' },
    ]);
  });

  test('reads that of this process', () => {
    expect(reachableMounts(readFileSync('/proc/self/mountinfo', 'utf8'))[0]?.point).toBe('/');
    expect(reachableMounts('')).toEqual([]);
  });
});

test.each([
  ['/a/b', '/a', true],
  ['/a', '/a', false],
  ['/ab', '/a', false],
  ['/a', '/', true],
  ['/', '/', false],
])('%s is below %s: %s', (path, directory, is) => expect(isBelow(path, directory)).toBe(is));

describe('differencesOf', () => {
  const plan = {
    tmpfs: [{ path: '/tmp', size: 1, mode: 0o700, readOnly: false }],
    binds: [
      { from: '/x', to: '/root', mode: 'ro' },
      { from: '/y', to: '/shared', mode: 'ro', submounts: 'kept' },
    ],
  } as const;
  const mounts = (...points: string[]) => points.map((point) => ({ point, source: '', type: 'ext4' }));

  test('finds none in a jail as planned, with what is below where it may be', () => {
    expect(differencesOf(mounts('/', '/tmp', '/root', '/shared'), plan)).toEqual([]);
    expect(differencesOf(mounts('/', '/tmp', '/root', '/shared', '/shared/a', '/shared/a/b'), plan)).toEqual(
      [],
    );
  });

  test('names extra mounts, and missing ones', () => {
    expect(differencesOf(mounts('/', '/tmp', '/root', '/root/proc', '/shared', '/sharedx'), plan)).toEqual([
      'ext4 at /root/proc',
      'ext4 at /sharedx',
    ]);
    expect(differencesOf(mounts('/', '/tmp', '/shared'), plan)).toEqual(['nothing at /root']);
  });
});
