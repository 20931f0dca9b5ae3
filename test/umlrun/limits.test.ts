/** Limits of resources that are low, as CIS hardening, containers and shells have them: umlrun and monitors all the same. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jailedProcesses } from '../../src/jail/spawn/sandbox-processes.ts';
import { childrenOf } from '../../src/system/native/process.ts';
import { program, World } from '../helpers/programs/world.ts';

/** Root of a container: no limit can be raised above the hard one. */
const within = ['setpriv', '--bounding-set=-sys_resource', '--inh-caps=-sys_resource', '--'];

let world: World;
afterEach(() => world.close());

function umlrun(limit: string) {
  const [command = '', ...before] = [...within, 'prlimit', limit, '--', program('umlrun')];
  const words = ['-config', world.configPath, '-mem', '64M', '--', 'sh', '-c', 'echo ok'];
  const { status, stdout, stderr } = spawnSync(command, [...before, ...words], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

const works = [
  ...['--core=0', '--core=0:', '--core=1'],
  ...['--nofile=20:4096', '--nofile=128'],
  '--nproc=2:5000',
  ...['--fsize=1000000:', '--fsize=600000000'],
  ...['--stack=262144:', '--stack=262144', '--stack=unlimited'],
  ...['--memlock=0:', '--memlock=0'],
  ...['--sigpending=1:', '--cpu=1:'],
];

describe('a command and a VM run', () => {
  test.each(works)('with %s', async (limit) => {
    world = new World([...within, 'prlimit', limit, '--']);
    world.configure({ vm1: 'mem = 64M\nubd0 = /shared/disks/root.dsk' });
    world.addSharedImage();
    expect(umlrun(limit)).toEqual({ status: 0, stdout: 'ok\n', stderr: '' });
    await world.startMonitor('vm1');
    expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0, stderr: '' });
    expect(world.run('umlwatch', ['vm1', '-run', 'echo hi'])).toMatchObject({ status: 0, stdout: 'hi\n' });
    // A file system is made and checked by confined tools.
    const image = ['disk', 'create', 'vm1:/disks/new.dsk', '16M', '-ext4'];
    expect(world.run('umladmin', image)).toMatchObject({ status: 0, stderr: '' });
  });
});

test('where only a core limit of 0 can be set, which a core pattern that is a program ignores, a core has no memory', async () => {
  world = new World([...within, 'prlimit', '--core=0', '--']);
  world.configure({ vm1: 'mem = 64M\nubd0 = /shared/disks/root.dsk' });
  world.addSharedImage();
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0 });
  const jails = childrenOf(world.monitorPid('vm1')).flatMap((pid) => jailedProcesses(pid) ?? []);
  expect(jails).toHaveLength(1);
  for (const { kernel } of jails)
    expect(readFileSync(`/proc/${kernel.pid}/coredump_filter`, 'latin1')).toBe('00000000\n');
});

describe('a limit that is too small is reported before a start', () => {
  beforeEach(() => {
    world = new World();
  });

  test.each([
    ['--fsize=20000000', /the hard limit is 20000000 bytes of a file, but the kernel needs/],
    ['--sigpending=1', /the hard limit is 1 pending signals/],
    ['--nofile=40', /the hard limit is 40 open files/],
  ])('%s', (limit, why) => {
    world.addSharedImage();
    world.configure({ vm1: 'mem = 64M\nubd0 = /shared/disks/root.dsk' });
    const { status, stderr } = umlrun(limit);
    expect([status, stderr]).toEqual([125, expect.stringMatching(why)]);
    const [command = '', ...before] = [...within, 'prlimit', limit, '--', program('umlmon')];
    const check = spawnSync(command, [...before, '-config', world.configPath, '-check'], {
      encoding: 'utf8',
    });
    expect([check.status, check.stderr]).toEqual([3, expect.stringMatching(why)]);
  });

  test('too few processes: the hint names the limit', () => {
    world.addSharedImage();
    world.configure({});
    const { status, stderr } = umlrun('--nproc=2');
    expect([status, stderr]).toEqual([
      125,
      expect.stringMatching(/Resource temporarily unavailable.*ulimit -Hu/s),
    ]);
  });
});

test('each program raises its soft limits, and only the sandbox sets hard ones', () => {
  const source = join(import.meta.dirname, '../../src');
  for (const file of readdirSync(join(source, 'bin')).filter((name) => name.endsWith('.ts')))
    expect(readFileSync(join(source, 'bin', file), 'utf8')).toContain(
      "import '../system/processes/raised-limits.ts';",
    );
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const setting = files.filter((file) =>
    /--(?:core|nofile|nproc|fsize|as|cpu|stack)=/.test(readFileSync(join(source, file), 'utf8')),
  );
  expect(setting).toEqual(['jail/sandbox/sandbox.ts']);
});
