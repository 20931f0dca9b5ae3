import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LaunchPlan, Step } from '../../src/plan/plan.ts';
import { World } from '../helpers/programs/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});

afterEach(() => world.close());

function planOf(text: string, global = ''): LaunchPlan {
  world.configure({ vm1: text }, global);
  const { stdout, stderr } = world.run('umlmon', ['-plan', 'vm1', '-json']);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

function step<D extends Step['do']>(plan: LaunchPlan, what: D): Extract<Step, { do: D }> {
  const found = plan.steps.find((candidate): candidate is Extract<Step, { do: D }> => candidate.do === what);
  if (!found) throw new Error(`no step ${what}`);
  return found;
}

test('planning has no side effect', () => {
  const list = () => readdirSync(world.home, { recursive: true }).sort();
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
  const before = list();
  world.run('umlmon', ['-plan', 'vm1']);
  world.run('umlmon', ['-check']);
  expect(list()).toEqual(before);
});

test('the command line of the kernel follows the configuration', () => {
  world.addImage('vm1', 'data.dsk');
  const { kernel } = planOf(
    'ubd0 = /disks/root.dsk\nubd1 = /disks/data.dsk ro\nroot_mode = ro\nmem = 256M\ncon2 = pty\nssl3 = pty\nappend = quiet x="a b"',
  );
  expect(kernel.arguments).toEqual([
    'mem=256M',
    'root=/dev/ubda',
    'ro',
    'ubd0d=/disks/root.dsk',
    'ubd1rd=/disks/data.dsk',
    'con=null',
    'ssl=null',
    'con0=fd:0,fd:1',
    'con1=fd:6',
    'con2=fd:7',
    'ssl3=fd:8',
    'uml_dir=/run/uml/',
    'umid=vm1',
    'mconsole=notify:/run/mon/notify',
    'noreboot',
    'initcall_blacklist=raid6_init',
    'pty.legacy_count=0',
    'umlmon.name=vm1',
    'umlmon.consoles=con1,con2,ssl3',
    'quiet',
    'x="a b"',
  ]);
});

test('the descriptors: con0 as standard streams, slaves as the arguments name them, masters and locks along', () => {
  const { descriptors } = step(planOf('ubd0 = /disks/root.dsk\nssl0 = pty'), 'launch');
  expect(descriptors.map(({ fd, ...what }) => [fd, Object.values(what).join(' ')])).toEqual([
    [0, 'slave con0'],
    [1, 'slave con0'],
    [2, 'slave con0'],
    [3, 'status'],
    [4, 'seccomp'],
    [5, 'vm-lock'],
    [6, 'slave con1'],
    [7, 'slave ssl0'],
    [8, 'master con0'],
    [9, 'master con1'],
    [10, 'master ssl0'],
    [11, 'image-lock 0'],
    [12, 'image-holder'],
  ]);
});

test('without fast_boot the kernel measures everything itself', () => {
  const { kernel } = planOf('ubd0 = /disks/root.dsk\nfast_boot = false');
  expect(kernel.arguments.join(' ')).not.toMatch(/initcall_blacklist|lpj|legacy_count/);
});

test('pinning: one core by choice, a list, or none', () => {
  expect(planOf('ubd0 = /disks/root.dsk').cpus).toHaveLength(1);
  expect(planOf('ubd0 = /disks/root.dsk\ncpu = 0-1').cpus).toEqual([0, 1]);
  const free = planOf('ubd0 = /disks/root.dsk\ncpu = none');
  expect(free.cpus).toEqual([]);
  expect(step(free, 'launch').argv).not.toContain('-c');
});

test('the sandbox: no network, no new root, images of the shared tree writable one by one', () => {
  world.addSharedImage();
  const { sandbox } = planOf('ubd0 = /disks/root.dsk\nubd1 = /shared/disks/root.dsk');
  expect(sandbox).toMatchObject({ launcher: 'user-namespace', network: 'none', user: { uid: 39, gid: 39 } });
  expect(sandbox.binds).toContainEqual({
    from: join(world.varDir, 'shared'),
    to: '/shared',
    mode: 'ro',
    submounts: 'kept',
  });
  expect(sandbox.binds).toContainEqual({
    from: join(world.varDir, 'shared/disks/root.dsk'),
    to: '/shared/disks/root.dsk',
    mode: 'rw',
    fd: expect.any(Number),
  });
  expect(sandbox.tmpfs[0]).toMatchObject({ path: '/tmp', size: (128 + 16) * 1024 ** 2 });
});

test('a network: a step of its own, a kernel in the namespace of its taps, the device that opens them', () => {
  const eth = (n: number, mac = '') =>
    `eth${n} = host_to_host(proxy_if=umtest${n}, proxy_addr=10.255.25${n}.1, guest_addr=10.255.25${n}.2${mac})`;
  const plan = planOf(`ubd0 = /disks/root.dsk\n${eth(0)}\n${eth(5, ', mac=02:00:00:00:00:05')}`);
  expect(plan.kernel.arguments.filter((argument) => argument.startsWith('vec'))).toEqual([
    expect.stringMatching(/^vec0:transport=tap,ifname=umtest0,mac=02:00:00:[0-9a-f:]{8},depth=64,gro=1$/),
    'vec5:transport=tap,ifname=umtest5,mac=02:00:00:00:00:05,depth=64,gro=1',
  ]);
  expect(plan.sandbox.network).toBe('host');
  expect(step(plan, 'launch')).toMatchObject({ filter: { families: [], hostNetwork: true } });
  expect(plan.sandbox.binds).toContainEqual({
    from: join(world.varDir, 'vm1/jail/dev/net'),
    to: '/dev/net',
    mode: 'dev',
  });
  const { stdout } = world.run('umlmon', ['-plan', 'vm1']);
  for (const words of step(plan, 'configure-network').interfaces.flatMap(({ make }) => make))
    expect(stdout).toContain(`   ip ${words.join(' ')}\n`);
});

test('userns = off makes root launch without a user namespace', () => {
  const { sandbox, steps } = planOf('ubd0 = /disks/root.dsk', 'userns = off');
  expect(sandbox.launcher).toBe('root');
  expect(steps.flatMap((each) => (each.do === 'launch' ? each.argv : []))).not.toContain('--unshare-user');
});

test('the text form has every step and the whole command', () => {
  const plan = planOf('ubd0 = /disks/root.dsk');
  const { stdout } = world.run('umlmon', ['-plan', 'vm1']);
  for (const [i, each] of plan.steps.entries()) expect(stdout).toContain(`${i + 1}. ${each.do}\n`);
  for (const word of step(plan, 'launch').argv) expect(stdout).toContain(word);
});
