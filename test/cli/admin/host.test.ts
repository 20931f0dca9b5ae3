/** umladmin doctor, kernel and cleanup on this host. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { DoctorFinding } from '../../../src/cli/admin/doctor/checks.ts';
import { parentOf } from '../../../src/system/native/process.ts';
import { testKernelDirectory } from '../../helpers/guest/kernel.ts';
import { World } from '../../helpers/programs/world.ts';

const world = new World();
const admin = (...args: string[]) => world.run('umladmin', args);
const disk = 'ubd0 = /disks/root.dsk';
/** The checks of one subject. */
const found = (subject: string): DoctorFinding[] => {
  const { stdout } = admin('-json', 'doctor');
  const { findings } = JSON.parse(stdout) as { findings: DoctorFinding[] };
  return findings.filter((finding) => finding.subject === subject);
};

const spawned = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: 'utf8' });

/** PID 1 of the jail, the parent of the kernel, ends it at once. */
function endKernel(kernelPid: number): void {
  const init = parentOf(kernelPid);
  if (init) process.kill(init.pid, 'SIGKILL');
}

beforeEach(() => world.configure({ vm1: disk }));
afterAll(async () => {
  expect(admin('stop', '-timeout', '20s').status).toBe(0);
  await world.close();
});

describe('doctor', () => {
  test('problems of the configuration and unmet needs of a start; the hints fix them', () => {
    world.configure({ vm1: disk, bad: 'mem = much' });
    expect(found('configuration')).toEqual([
      expect.objectContaining({ level: 'error', text: expect.stringContaining('"much"') }),
      expect.objectContaining({ level: 'error', text: expect.stringContaining('the image does not exist') }),
    ]);
    const { status, stdout } = admin('doctor');
    expect(status).toBe(2);
    expect(stdout).toMatch(/^error {4}configuration: .*"much" is not a size\n {9}→ as in 512K, 128M, 2G$/m);
    world.configure({ vm1: disk });
    world.addImage('vm1');
    expect(found('configuration')).toEqual([expect.objectContaining({ level: 'good' })]);
    expect(found('kernel')).toEqual([
      {
        level: 'good',
        subject: 'kernel',
        text: expect.stringMatching(/linux: Linux \d.*, used by vm1$/),
        fix: '',
      },
    ]);
  });

  test('a program that is not a kernel', () => {
    const kernels = join(world.varDir, 'shared/kernels');
    copyFileSync('/bin/true', join(kernels, 'true'));
    world.configure({ vm1: `${disk}\nkernel = /shared/kernels/true` });
    expect(found('kernel')).toEqual([
      expect.objectContaining({
        level: 'error',
        text: expect.stringContaining('not a User Mode Linux kernel'),
      }),
    ]);
    expect(admin('kernel', 'list').stdout).toMatch(/^true .*used by vm1 .*not a User Mode Linux kernel/m);
    world.configure({ vm1: disk });
    const refused = admin('kernel', 'use', 'vm1', 'true');
    expect(refused.stderr).toContain('the program is not a User Mode Linux kernel');
    expect(refused.status).toBe(3);
    rmSync(join(kernels, 'true'));
  });

  test('a kernel without its monitor, and the remains of a VM that crashed: the hints fix both', async () => {
    world.addImage('vm1');
    expect(admin('start', 'vm1').status).toBe(0);
    expect(world.run('umlwatch', ['vm1', '-start']).status).toBe(0);
    expect(found('leftovers').map(({ level }) => level)).toEqual(['good']);
    const client = await world.client('vm1');
    const { monitorPid, kernelPid } = await client.call('info', undefined).finally(() => client.close());
    process.kill(monitorPid, 'SIGKILL');
    const [orphan] = found('leftovers');
    expect(orphan).toMatchObject({ level: 'error', fix: 'umladmin start vm1' });
    // The kernel runs: nothing needs a cleanup, and no hint asks for one.
    expect(admin('cleanup')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(admin('cleanup', 'vm1')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('its kernel runs without a monitor'),
    });
    expect(admin('start', 'vm1').status).toBe(0);
    expect(found('leftovers').map(({ level }) => level)).toEqual(['good']);

    const again = await world.client('vm1');
    const adopted = await again.call('info', undefined).finally(() => again.close());
    expect(adopted.kernelPid).toBe(kernelPid);
    process.kill(adopted.monitorPid, 'SIGKILL');
    endKernel(kernelPid);
    await expect.poll(() => found('leftovers')[0]?.fix, { timeout: 20_000 }).toBe('umladmin cleanup vm1');
    const { status, stdout } = admin('cleanup');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^vm1: removed\n {2}\//);
    expect(found('leftovers').map(({ level }) => level)).toEqual(['good']);
  });

  test('a VM that was taken out of the configuration', () => {
    world.addImage('gone');
    const [finding] = found('leftovers');
    expect(finding?.text).toBe(`${join(world.varDir, 'gone')} belongs to no VM of the configuration`);
    rmSync(join(world.varDir, 'gone'), { recursive: true });
  });
});

describe('kernel', () => {
  test('list, info and use', () => {
    expect(admin('kernel', 'list').stdout).toMatch(/^linux {2}Linux \d[\w.]* {2}used by vm1$/m);
    const { kernels } = JSON.parse(admin('kernel', 'list', '-json').stdout);
    expect(kernels).toEqual([
      expect.objectContaining({ name: 'linux', uml: true, usedBy: ['vm1'], failures: [] }),
    ]);
    expect(admin('kernel', 'info', 'linux').stdout).toMatch(/^ +runs here +yes$/m);
    expect(admin('kernel', 'info', 'none')).toMatchObject({ status: 3, stdout: '' });
    expect(admin('kernel', 'use', 'vm1', 'linux').stdout).toBe('vm1: boots linux from its next start on\n');
    expect(admin('kernel', 'use', 'vm1', 'linux').stdout).toBe('vm1: boots linux already\n');
    expect(admin('config', 'get', 'vm1', 'kernel').stdout).toBe('/shared/kernels/linux\n');
  });

  test('fetch: the kernel of the cache, under its own name', () => {
    // A cache with a kernel in it: then nothing is fetched.
    const cache = join(world.home, 'cache');
    mkdirSync(cache);
    const kernel = realpathSync(testKernelDirectory());
    expect(spawned('ln', '-s', kernel, join(cache, 'kernel-7.2')).status).toBe(0);
    expect(spawned('ln', '-s', 'kernel-7.2', join(cache, 'kernel')).status).toBe(0);
    process.env.UMLMON_CACHE = cache;
    try {
      expect(admin('kernel', 'fetch')).toMatchObject({
        status: 0,
        stdout: 'kernel-7.2 is there; umladmin kernel use VM kernel-7.2\n',
      });
      const kernels = join(world.varDir, 'shared/kernels');
      expect(realpathSync(join(kernels, 'kernel-7.2'))).toBe(kernel);
      expect(readdirSync(kernels).sort()).toEqual(['kernel-7.2', 'linux']);
      rmSync(join(kernels, 'linux'), { recursive: true });
      expect(admin('kernel', 'fetch').stdout).toContain('VMs use it unless they name another');
      expect(existsSync(join(kernels, 'linux/linux'))).toBe(true);
    } finally {
      delete process.env.UMLMON_CACHE;
    }
  });
});
