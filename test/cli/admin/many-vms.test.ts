/** A command queries the host once, and not once for each VM of the configuration. */
import { performance } from 'node:perf_hooks';
import { afterAll, expect, test } from 'vitest';
import { World } from '../../helpers/programs/world.ts';

const world = new World();
afterAll(() => world.close());

/** Users that only getent(1) can look up; each VM has its own user and a network. */
function configure(count: number): void {
  const section = (i: number) =>
    `vmuser = ${30_000 + i}\nubd0 = /disks/root.dsk\neth0 = nat(name=n${i}, subnet=10.${i >> 8}.${i & 255}.0/24, guest_addr=10.${i >> 8}.${i & 255}.2)`;
  world.configure(Object.fromEntries(Array.from({ length: count }, (_, i) => [`vm${i}`, section(i)])));
}

/** The shortest of three runs: a busy host makes the others longer. */
function msOf(program: 'umlmon' | 'umladmin', args: readonly string[]): number {
  const times = [1, 2, 3].map(() => {
    const began = performance.now();
    const { status, stderr } = world.run(program, args);
    expect([0, 1, 2, 3], stderr).toContain(status);
    return performance.now() - began;
  });
  return Math.min(...times);
}

/** The factor: 500 times the work for one VM would give hundreds; measured is 2 to 6. */
const mostTimes = 25;

test.each<['umlmon' | 'umladmin', string[]]>([
  ['umlmon', ['-check']],
  ['umladmin', ['doctor']],
  ['umladmin', ['list']],
  ['umladmin', ['update', '-n']],
])('%s %j of 500 VMs takes little longer than of one', (program, args) => {
  configure(1);
  const one = msOf(program, args);
  configure(500);
  expect(msOf(program, args) / one).toBeLessThan(mostTimes);
});

test('each missing user is reported with its line, although one query asks for all users', () => {
  configure(3);
  const { stdout } = world.run('umlmon', ['-check', '-json']);
  const unknown = JSON.parse(stdout).problems.filter(
    ({ code }: { code: string }) => code === 'JAIL_USER_UNKNOWN',
  );
  expect(unknown.map(({ section }: { section: string }) => section)).toEqual(['vm0', 'vm1', 'vm2']);
});
