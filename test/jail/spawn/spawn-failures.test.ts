/** Launches that fail, and what they report. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kernelArgument } from '../../../src/config/values/kernel-argument.ts';
import { kernelInJail } from '../../../src/jail/sandbox/mounts.ts';
import type { SandboxPlan } from '../../../src/jail/sandbox/sandbox.ts';
import { scratch, start, type Wish } from './spawned.ts';

describe('a launch that fails', () => {
  const failing = (change: Wish['change']) => start('poweroff', change ? { change } : {});

  test('reports the error of bubblewrap', async () => {
    const bind = { from: '/nonexistent/image', to: '/disks/x', mode: 'rw' } as const;
    await expect(failing((plan) => ({ ...plan, binds: [...plan.binds, bind] }))).rejects.toMatchObject({
      code: 'JAIL_LAUNCH',
      words: expect.stringContaining('/nonexistent/image'),
    });
  });

  test('is one if the jail has another mount than was planned, or one less', async () => {
    const without = (plan: SandboxPlan) => ({ ...plan, binds: plan.binds.slice(1) });
    await expect(start('sleep', { mounts: without })).rejects.toMatchObject({
      code: 'JAIL_MOUNTS',
      reason: expect.stringMatching(/: \w+ at \/kernel\/linux$/),
    });
    const more = { from: '/etc', to: '/etc', mode: 'ro' } as const;
    const withOne = (plan: SandboxPlan) => ({ ...plan, binds: [...plan.binds, more] });
    await expect(start('sleep', { mounts: withOne })).rejects.toMatchObject({
      code: 'JAIL_MOUNTS',
      reason: expect.stringMatching(/: nothing at \/etc$/),
    });
    expect(spawnSync('pgrep', ['-f', scratch], { encoding: 'utf8' }).stdout).toBe('');
  });

  test('has a hint for a bubblewrap that cannot bind descriptors', async () => {
    const old = join(scratch, 'old-bwrap');
    writeFileSync(old, '#!/bin/sh\necho "bwrap: Unknown option --ro-bind-fd" >&2\nexit 1\n', { mode: 0o755 });
    const change = (plan: SandboxPlan) => ({ ...plan, programs: { ...plan.programs, bwrap: old } });
    await expect(failing(change)).rejects.toMatchObject({
      code: 'JAIL_LAUNCH',
      hint: expect.stringContaining('install bubblewrap 0.10 or newer'),
    });
  });

  test('reports which program is missing', async () => {
    const missing = (plan: SandboxPlan) => ({
      ...plan,
      programs: { ...plan.programs, prlimit: '/nonexistent/prlimit' },
    });
    await expect(failing(missing)).rejects.toMatchObject({
      code: 'JAIL_LAUNCH',
      reason: expect.stringContaining('ENOENT'),
    });
  });

  test('reports that the kernel is not a program', async () => {
    await expect(failing((plan) => ({ ...plan, command: ['/kernel/absent'] }))).rejects.toMatchObject({
      code: 'JAIL_LAUNCH',
      words: expect.stringContaining('/kernel/absent'),
    });
  });

  test('is not one if the kernel ran and gave up', async () => {
    const { sandbox } = await failing((plan) => ({
      ...plan,
      command: [kernelInJail, kernelArgument('mem=1M')],
    }));
    expect(await sandbox.exit).toBe(1);
  });
});
